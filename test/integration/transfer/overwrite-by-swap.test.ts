import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import type { DestinationClients } from '../../../src/transfer/ports.ts'
import { startWorld, type World } from '../../histories/world.ts'

/** What happens at each change that a transfer makes in the customer's account, told as `updateTable` and the like. */
type OnChange = (name: string, change: () => Promise<unknown>) => Promise<unknown>

let onChange: OnChange = (_, change) => change()
let world: World
beforeAll(async () => {
  world = await startWorld('duckdb', watched)
})
afterEach(() => {
  onChange = (_, change) => change()
})
afterAll(() => world.stop())

const CHANGES = new Set([
  'putObject',
  'deleteObject',
  'createTable',
  'updateTable',
  'deleteTable',
  'startQueryExecution',
])

function watched(clients: DestinationClients): DestinationClients {
  const through = <Client extends object>(client: Client): Client =>
    new Proxy(client, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        const call = (...args: unknown[]): Promise<unknown> => method.apply(target, args)
        if (!CHANGES.has(String(name))) return call
        return (...args: unknown[]) => onChange(String(name), () => call(...args))
      },
    })
  const { s3, glue, athena } = clients
  return { ...clients, s3: through(s3), glue: through(glue), athena: through(athena) }
}

function model(name: string, more: object = {}): Model {
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
    writeMode: 'overwrite',
    primaryKey: ['id'],
    swapAtBytes: 0,
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'Name', type: 'string' },
    ],
    ...more,
  })
}

function row(id: number, name: string, more: object = {}): string {
  return JSON.stringify({ id, Name: name, ...more })
}

async function load(
  of: Model,
  rows: readonly string[],
  type: 'incremental' | 'full-refresh' = 'incremental',
) {
  await world.writeSource(of, rows)
  return world.transfer(of, type)
}

async function tableOf({ tableName }: Model): Promise<readonly string[]> {
  const rows = await world.select(`SELECT id, name FROM "${world.schema}"."${tableName}"`)
  return rows.map(([id, name]) => `${id} ${name}`).toSorted()
}

async function entryOf({ tableName }: Model) {
  const { Table } = await world.clients.glue.getTable({ DatabaseName: world.schema, Name: tableName })
  if (!Table) throw new Error(`${tableName} is not there`)
  return Table
}

async function keysBelow(prefix: string): Promise<readonly string[]> {
  const { Contents = [] } = await world.clients.s3.listObjectsV2({
    Bucket: world.bucket,
    Prefix: `${world.schema}/${prefix}`,
  })
  return Contents.map(({ Key = '' }) => Key)
}

async function notesOf({ tableName }: Model) {
  const keys = await keysBelow(`_swaps/${tableName}/`)
  const bodies = keys.map(async Key => {
    const { Body } = await world.clients.s3.getObject({ Bucket: world.bucket, Key })
    return noteSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''))
  })
  return Promise.all(bodies)
}

const noteSchema = z.object({ shadowTable: z.string(), from: z.string(), to: z.string() })

async function isThere(table: string): Promise<boolean> {
  const found = world.clients.glue.getTable({ DatabaseName: world.schema, Name: table })
  return found.then(
    () => true,
    () => false,
  )
}

it('a large overwrite is one statement and one swap of the entry; the shadow is gone, the old folder stays and is noted', async () => {
  const list = model('list')
  await load(list, [row(1, 'a'), row(2, 'b')])
  const before = await entryOf(list)
  const result = await load(list, [row(2, 'c'), row(3, 'd')])
  const after = await entryOf(list)
  const [note, ...others] = await notesOf(list)
  const unchanged = await load(list, [row(2, 'c'), row(3, 'd')])

  expect(await tableOf(list)).toEqual(['2 c', '3 d'])
  expect(result).toMatchObject({ statementCount: 1, changedRowCount: 2 })
  expect(after.Parameters?.previous_metadata_location).toBe(before.Parameters?.metadata_location)
  expect(Object.keys(after.Parameters ?? {})).not.toContain('athena_transfer.shadow')
  expect(note).toMatchObject({
    from: before.StorageDescriptor?.Location,
    to: after.StorageDescriptor?.Location,
  })
  expect(others).toEqual([])
  expect(await isThere(note?.shadowTable ?? '')).toBe(false)
  expect((await keysBelow(`${note?.from.split('/').at(-1)}/`)).length).toBeGreaterThan(0)
  expect(unchanged).toMatchObject({ isUnchanged: true, statementCount: 0 })
})

it('what is not overwritten, or not large, is not swapped', async () => {
  const [small, merged] = [
    model('small', { swapAtBytes: 1_000_000 }),
    model('merged', { writeMode: 'merge' }),
  ]
  for (const one of [small, merged]) {
    await load(one, [row(1, 'a')])
    await load(one, [row(1, 'b')])
    expect(await tableOf(one)).toEqual(['1 b'])
    expect(await notesOf(one)).toEqual([])
  }
})

it('a full refresh of a large table is swapped, deleted rows are left out, and later transfers go on from it', async () => {
  const people = model('people', {
    writeMode: 'merge',
    cursor: 'at',
    deletes: { column: 'gone' },
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'Name', type: 'string' },
      { name: 'gone', type: 'boolean' },
      { name: 'at', type: 'timestamp' },
    ],
  })
  const [early, late] = [{ at: '2026-01-01T00:00:00Z' }, { at: '2026-01-02T00:00:00Z' }]
  await load(people, [row(1, 'a', early), row(2, 'b', early)])
  const rows = [
    row(1, 'a', { ...late, gone: true }),
    row(2, 'b', early),
    row(3, 'c', late),
    row(3, 'old', early),
  ]
  await load(people, rows, 'full-refresh')
  const refreshed = await tableOf(people)
  const next = await load(people, [...rows, row(4, 'd', late)])

  expect(await notesOf(people)).toHaveLength(1)
  expect(refreshed).toEqual(['2 b', '3 c'])
  expect(await tableOf(people)).toEqual(['2 b', '3 c', '4 d'])
  expect(next.rowCount).toBe(3)
})

it("a swap keeps the customer's description, Parameters, comments and table properties, and brings the model's new columns", async () => {
  const kept = model('kept')
  await load(kept, [row(1, 'a')])
  const entry = await entryOf(kept)
  const { VersionId = '0', StorageDescriptor } = entry
  await world.clients.glue.updateTable({
    DatabaseName: world.schema,
    VersionId,
    SkipArchive: true,
    TableInput: {
      Name: 'kept',
      Description: "the customer's",
      TableType: entry.TableType,
      PartitionKeys: [],
      Parameters: { ...entry.Parameters, team: 'billing' },
      StorageDescriptor: {
        ...StorageDescriptor,
        Columns: StorageDescriptor?.Columns?.map(column =>
          column.Name === 'id' ? { ...column, Comment: 'his own' } : column,
        ),
      },
    },
  })
  const columns = [...kept.columns, { name: 'Note', type: { kind: 'string' as const }, tableName: 'note' }]
  await load({ ...kept, columns }, [row(1, 'a', { Note: 'n' })])
  const after = await entryOf(kept)

  expect(await notesOf(kept)).toHaveLength(1)
  expect(after).toMatchObject({
    Description: "the customer's",
    Parameters: { team: 'billing', table_type: 'ICEBERG' },
  })
  expect(after.StorageDescriptor?.Columns?.map(({ Name, Comment }) => [Name, Comment])).toEqual([
    ['id', 'his own'],
    ['name', 'Name'],
    ['note', 'Note'],
  ])
  expect(await world.select(`SELECT note FROM "${world.schema}"."kept"`)).toEqual([['n']])
})

it("tables with the customer's own columns, partitions or properties lose nothing by an overwrite", async () => {
  const run = (sql: string) => world.select(sql)
  const create = (name: string, more: string) =>
    run(
      `CREATE TABLE ${world.schema}.${name} (id bigint, name string${more.includes('own') ? ', own string' : ''})
       ${more.includes('PARTITIONED') ? 'PARTITIONED BY (bucketless)'.replace('bucketless', 'name') : ''}
       LOCATION 's3://${world.bucket}/${world.schema}/${name}_made/'
       TBLPROPERTIES ('table_type'='ICEBERG', 'vacuum_max_snapshot_age_seconds'='77')`,
    )
  const [own, parted, tuned] = [model('own_columns'), model('parted'), model('tuned')]
  await create('own_columns', 'own')
  await create('parted', 'PARTITIONED')
  await create('tuned', '')
  await run(`INSERT INTO ${world.schema}.own_columns VALUES (1, 'a', 'kept')`)
  for (const one of [own, parted, tuned]) await load(one, [row(1, 'a'), row(2, 'b')])
  const ownRows = await run(`SELECT id, own FROM ${world.schema}.own_columns ORDER BY id`)
  const metadata = (await entryOf(tuned)).Parameters?.metadata_location ?? ''
  const Key = metadata.replace(`s3://${world.bucket}/`, '')
  const text = await (
    await world.clients.s3.getObject({ Bucket: world.bucket, Key })
  ).Body?.transformToString()

  expect(ownRows).toEqual([
    ['1', 'kept'],
    ['2', null],
  ])
  expect((await entryOf(own)).StorageDescriptor?.Location).toContain('own_columns_made')
  expect((await entryOf(parted)).StorageDescriptor?.Location).toContain('parted_made')
  expect((await entryOf(tuned)).StorageDescriptor?.Location).not.toContain('tuned_made')
  expect(text).toMatch(/"vacuum_max_snapshot_age_seconds":\s*"77"/)
  for (const one of [own, parted, tuned]) expect(await tableOf(one)).toEqual(['1 a', '2 b'])
})

it('a target that anybody changed meanwhile is left as it is: COMMIT_CONFLICT, and the next attempt overwrites it', async () => {
  const raced = model('raced')
  await load(raced, [row(1, 'a')])
  let updates = 0
  onChange = async (name, change) => {
    updates += name === 'updateTable' ? 1 : 0
    // The first update marks the shadow, the second is the swap.
    if (name === 'updateTable' && updates === 2)
      await world.select(`INSERT INTO ${world.schema}.raced VALUES (9, 'customer')`)
    return change()
  }
  const failed = load(raced, [row(2, 'b')])

  await expect(failed).rejects.toMatchObject({ code: 'COMMIT_CONFLICT', retryable: true })
  expect(await tableOf(raced)).toEqual(['1 a', '9 customer'])
  const [note] = await notesOf(raced)
  expect(await isThere(note?.shadowTable ?? '')).toBe(false)
  expect(await keysBelow('staging/')).toEqual([])
  await load(raced, [row(2, 'b')])
  expect(await tableOf(raced)).toEqual(['2 b'])
})

it('a swap whose answer was lost is one', async () => {
  const lost = model('lost')
  await load(lost, [row(1, 'a')])
  let updates = 0
  onChange = async (name, change) => {
    updates += name === 'updateTable' ? 1 : 0
    if (name === 'updateTable' && updates === 2) await change()
    return change()
  }
  const result = await load(lost, [row(2, 'b')])

  expect(result.status).toBe('SUCCESS')
  expect(await tableOf(lost)).toEqual(['2 b'])
})

it('a worker that dies between any two steps leaves the old table or the new one, and the next attempt ends with the new one', async () => {
  const [before, after] = [
    ['1 a', '2 b'],
    ['2 c', '3 d'],
  ]
  const attempt = async (name: string, steps: number) => {
    const list = model(name)
    await load(list, [row(1, 'a'), row(2, 'b')])
    const seen: string[] = []
    let isDead = false
    onChange = async (change, perform) => {
      if (isDead) throw new Error('dead')
      seen.push(change)
      const answer = await perform()
      isDead = seen.length === steps
      if (isDead) throw new Error('dead')
      return answer
    }
    await load(list, [row(2, 'c'), row(3, 'd')]).catch(() => undefined)
    onChange = (_, change) => change()
    const between = await tableOf(list)
    await load(list, [row(2, 'c'), row(3, 'd')])
    const notes = await notesOf(list)
    const { StorageDescriptor } = await entryOf(list)
    return { seen, between, table: await tableOf(list), notes, location: StorageDescriptor?.Location }
  }
  const whole = await attempt('whole', Number.POSITIVE_INFINITY)
  const outcomes = []
  for (let steps = 1; steps <= whole.seen.length; steps++)
    outcomes.push(await attempt(`died_${steps}`, steps))

  expect(whole.seen).toEqual([
    'putObject',
    'createTable',
    'putObject',
    'startQueryExecution',
    'updateTable',
    'startQueryExecution',
    'updateTable',
    'deleteTable',
    'deleteTable',
    'deleteObject',
    'putObject',
    'putObject',
  ])
  for (const [index, { between, table, notes, location }] of outcomes.entries()) {
    expect(between, `after step ${index + 1}`).toEqual(index + 1 < 7 ? before : after)
    expect(table, `after step ${index + 1}`).toEqual(after)
    expect(notes.map(({ to }) => to)).toContain(location)
  }
}, 600_000)
