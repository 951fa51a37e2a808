import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import type { DestinationClients } from '../../../src/transfer/ports.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

/** What happens at each call by which a transfer changes something, told as `updateTable` and the like. */
type OnChange = (name: string, change: () => Promise<unknown>) => Promise<unknown>

let onChange: OnChange = (_, change) => change()
let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine(deps => ({
    ...deps,
    connect: async destination => watched(await deps.connect(destination)),
    states: through(deps.states),
    journal: through(deps.journal),
  }))
})
afterEach(() => {
  onChange = (_, change) => change()
})
afterAll(() => world.stop())

/** Calls by which something changes in the customer's account. */
const AWS_CHANGES = new Set([
  'putObject',
  'deleteObject',
  'createTable',
  'updateTable',
  'deleteTable',
  'startQueryExecution',
])

/** The others by which something changes at all: in the journal, and in what is remembered of a model. */
const OWN_CHANGES = new Set(['replace', 'renew', 'write'])

function watched(clients: DestinationClients): DestinationClients {
  const { s3, glue, athena } = clients
  return { ...clients, s3: through(s3), glue: through(glue), athena: through(athena) }
}

function through<Client extends object>(client: Client): Client {
  return new Proxy(client, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      const call = (...args: unknown[]): Promise<unknown> => Reflect.apply(method, target, args)
      const isChange = AWS_CHANGES.has(String(name)) || OWN_CHANGES.has(String(name))
      return isChange ? (...args: unknown[]) => onChange(String(name), () => call(...args)) : call
    },
  })
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
  transferId = newTransferId(),
) {
  await world.writeSource(of, rows)
  return world.transfer(of, { type, transferId })
}

async function tableOf({ tableName }: Model): Promise<readonly string[]> {
  const rows = await world.customer.sql(`SELECT id, name FROM "${world.schema}"."${tableName}"`)
  return rows.map(([id, name]) => `${id} ${name}`).toSorted()
}

async function entryOf({ tableName }: Model) {
  const { Table } = await world.customer.glue.getTable({ DatabaseName: world.schema, Name: tableName })
  if (!Table) throw new Error(`${tableName} is not there`)
  return Table
}

async function metadataOf(of: Model): Promise<{ readonly key: string; readonly text: string }> {
  const location = (await entryOf(of)).Parameters?.metadata_location ?? ''
  const key = location.replace(`s3://${world.bucket}/`, '')
  const { Body } = await world.customer.s3.getObject({ Bucket: world.bucket, Key: key })
  return { key, text: (await Body?.transformToString()) ?? '' }
}

/** As Spark does it by `ALTER TABLE … WRITE ORDERED BY name`; Athena has no statement for it. */
async function sortByName(of: Model): Promise<void> {
  const { key, text } = await metadataOf(of)
  const metadata = z.looseObject({ 'sort-orders': z.array(z.unknown()) }).parse(JSON.parse(text))
  const order = { 'source-id': 2, transform: 'identity', direction: 'asc', 'null-order': 'nulls-first' }
  const sorted = {
    ...metadata,
    'sort-orders': [...metadata['sort-orders'], { 'order-id': 7, fields: [order] }],
    'default-sort-order-id': 7,
  }
  const Key = key.replace(/[^/]+$/, '99999-sorted.metadata.json')
  await world.customer.s3.putObject({ Bucket: world.bucket, Key, Body: JSON.stringify(sorted) })
  const { VersionId = '0', Name = '', TableType, Parameters, StorageDescriptor } = await entryOf(of)
  const location = `s3://${world.bucket}/${Key}`
  await world.customer.glue.updateTable({
    DatabaseName: world.schema,
    VersionId,
    SkipArchive: true,
    TableInput: {
      Name,
      TableType,
      PartitionKeys: [],
      Parameters: { ...Parameters, metadata_location: location },
      StorageDescriptor,
    },
  })
}

async function keysBelow(prefix: string): Promise<readonly string[]> {
  const { Contents = [] } = await world.customer.s3.listObjectsV2({
    Bucket: world.bucket,
    Prefix: `${world.schema}/${prefix}`,
  })
  return Contents.map(({ Key = '' }) => Key)
}

async function notesOf({ tableName }: Model) {
  const keys = await keysBelow(`_swaps/${tableName}/`)
  const bodies = keys.map(async Key => {
    const { Body } = await world.customer.s3.getObject({ Bucket: world.bucket, Key })
    return noteSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''))
  })
  return Promise.all(bodies)
}

const noteSchema = z.object({ shadowTable: z.string(), from: z.string(), to: z.string() })

async function isThere(table: string): Promise<boolean> {
  const found = world.customer.glue.getTable({ DatabaseName: world.schema, Name: table })
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
  await world.customer.glue.updateTable({
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
  expect(await world.customer.sql(`SELECT note FROM "${world.schema}"."kept"`)).toEqual([['n']])
})

it("tables with the customer's own columns, partitions or properties lose nothing by an overwrite", async () => {
  const run = (sql: string) => world.customer.sql(sql)
  const create = (name: string, more: string) =>
    run(
      `CREATE TABLE ${world.schema}.${name} (id bigint, name string${more.includes('own') ? ', own string' : ''})
       ${more.includes('PARTITIONED') ? more : ''}
       LOCATION 's3://${world.bucket}/${world.schema}/${name}_made/'
       TBLPROPERTIES ('table_type'='ICEBERG', 'vacuum_max_snapshot_age_seconds'='77')`,
    )
  const [own, parted, tuned] = [model('own_columns'), model('parted'), model('tuned')]
  await create('own_columns', 'own')
  await create('parted', 'PARTITIONED BY (name)')
  await create('tuned', '')
  await run(`INSERT INTO ${world.schema}.own_columns VALUES (1, 'a', 'kept')`)
  for (const one of [own, parted, tuned]) await load(one, [row(1, 'a'), row(2, 'b')])
  const ownRows = await run(`SELECT id, own FROM ${world.schema}.own_columns ORDER BY id`)

  expect(ownRows).toEqual([
    ['1', 'kept'],
    ['2', null],
  ])
  expect((await entryOf(own)).StorageDescriptor?.Location).toContain('own_columns_made')
  expect((await entryOf(parted)).StorageDescriptor?.Location).not.toContain('parted_made')
  expect((await metadataOf(parted)).text).toMatch(/"transform":\s*"identity"/)
  expect((await entryOf(tuned)).StorageDescriptor?.Location).not.toContain('tuned_made')
  expect((await metadataOf(tuned)).text).toMatch(/"vacuum_max_snapshot_age_seconds":\s*"77"/)
  for (const one of [own, parted, tuned]) expect(await tableOf(one)).toEqual(['1 a', '2 b'])
})

it('a table that is laid out as no statement can make one is overwritten by MERGE, and keeps its layout', async () => {
  const sorted = model('sorted')
  await load(sorted, [row(1, 'a'), row(2, 'b')])
  await sortByName(sorted)
  const before = await entryOf(sorted)
  const result = await load(sorted, [row(2, 'c'), row(3, 'd')])
  const [note] = await notesOf(sorted)

  expect(await tableOf(sorted)).toEqual(['2 c', '3 d'])
  expect(result).toMatchObject({ status: 'SUCCESS', changedRowCount: 3 })
  expect((await entryOf(sorted)).StorageDescriptor?.Location).toBe(before.StorageDescriptor?.Location)
  expect((await metadataOf(sorted)).text).toMatch(/"default-sort-order-id":\s*7\b/)
  expect(await isThere(note?.shadowTable ?? '')).toBe(false)
  expect(await keysBelow('staging/')).toEqual([])
  expect(await load(sorted, [row(2, 'c'), row(3, 'd')])).toMatchObject({ statementCount: 0 })
})

it('a target that anybody changed meanwhile is left as it is: COMMIT_CONFLICT, and the next attempt overwrites it', async () => {
  const raced = model('raced')
  await load(raced, [row(1, 'a')])
  let updates = 0
  onChange = async (name, change) => {
    updates += name === 'updateTable' ? 1 : 0
    // The first update marks the shadow, the second is the swap.
    if (name === 'updateTable' && updates === 2)
      await world.customer.sql(`INSERT INTO ${world.schema}.raced VALUES (9, 'customer')`)
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

it.each(['the same transfer', 'another transfer'] as const)(
  'a worker that dies between any two steps leaves the old table or the new one, and the next attempt ends with the new one, of %s',
  async next => {
    const before = ['1 a', '2 b']
    const after = ['2 c', '3 d']
    const rows = [row(2, 'c'), row(3, 'd')]
    const attempt = async (name: string, steps: number) => {
      const list = model(name)
      await load(list, [row(1, 'a'), row(2, 'b')])
      const seen: string[] = []
      let isDead = false
      onChange = async (change, perform) => {
        if (isDead) throw new Error('dead')
        const answer = await perform()
        seen.push(change)
        isDead = seen.length === steps
        if (isDead) throw new Error('dead')
        return answer
      }
      const transferId = newTransferId()
      await load(list, rows, 'incremental', transferId).catch(() => undefined)
      onChange = (_, change) => change()
      const between = await tableOf(list)
      const last = await load(list, rows, 'incremental', next === 'another transfer' ? undefined : transferId)
      const notes = await notesOf(list)
      const { StorageDescriptor } = await entryOf(list)
      const shadows = await Promise.all(notes.map(({ shadowTable }) => isThere(shadowTable)))
      const location = StorageDescriptor?.Location
      return { seen, between, table: await tableOf(list), notes, location, shadows, last }
    }
    const prefix = next.replaceAll(' ', '_')
    const whole = await attempt(`${prefix}_whole`, Number.POSITIVE_INFINITY)
    const changes = whole.seen.filter(change => AWS_CHANGES.has(change))
    const isSwap = (change: string, index: number) =>
      change === 'updateTable' && whole.seen.indexOf(change) !== index
    const swap = whole.seen.findIndex(isSwap)
    const outcomes = []
    for (let steps = 1; steps <= whole.seen.length; steps++)
      outcomes.push(await attempt(`${prefix}_died_${steps}`, steps))

    expect(changes).toEqual([
      'putObject',
      'createTable',
      'putObject',
      'startQueryExecution',
      'updateTable',
      'startQueryExecution',
      'updateTable',
      'putObject',
      'putObject',
      'deleteTable',
      'deleteTable',
      'deleteObject',
    ])
    for (const [index, { between, table, notes, location, shadows, last }] of outcomes.entries()) {
      const when = `died after ${whole.seen[index]}, its change ${index + 1}`
      expect(between, when).toEqual(index < swap ? before : after)
      expect(table, when).toEqual(after)
      expect(last.status, when).toBe('SUCCESS')
      expect(
        notes.map(({ to }) => to),
        when,
      ).toContain(location)
      if (next === 'the same transfer') expect(notes, when).toHaveLength(1)
      expect(shadows, when).toEqual(notes.map(() => false))
    }
  },
  600_000,
)

it('a swap that was made is not made again by whoever goes on, although others wrote to the table since', async () => {
  const list = model('written_since')
  await load(list, [row(1, 'a')])
  let updates = 0
  onChange = async (name, change) => {
    if (updates === 2) throw new Error('dead')
    const answer = await change()
    updates += name === 'updateTable' ? 1 : 0
    if (updates === 2) throw new Error('dead')
    return answer
  }
  const transferId = newTransferId()
  const died = load(list, [row(2, 'b')], 'incremental', transferId)
  await expect(died).rejects.toThrow()
  onChange = (_, change) => change()
  await world.customer.sql(`INSERT INTO ${world.schema}.written_since VALUES (9, 'customer')`)
  const result = await load(list, [row(2, 'b')], 'incremental', transferId)

  expect(result).toMatchObject({ status: 'SUCCESS', changedRowCount: 1 })
  expect(await tableOf(list)).toEqual(['2 b', '9 customer'])
  expect(await notesOf(list)).toHaveLength(1)
})

it('a transfer that is cancelled before the swap gives its load up: nothing is swapped, and nothing is left but the noted folder', async () => {
  const list = model('cancelled')
  await load(list, [row(1, 'a')])
  const controller = new AbortController()
  const seen: string[] = []
  onChange = async (name, change) => {
    const answer = await change()
    seen.push(name)
    const afterStart = seen.slice(seen.lastIndexOf('startQueryExecution'))
    // The shadow table is made, marked and filled; the journal has the execution, and then its end.
    const isFilled = seen.filter(one => one === 'startQueryExecution').length === 2
    if (isFilled && afterStart.filter(one => one === 'replace').length === 2) controller.abort('cancelled')
    return answer
  }
  await world.writeSource(list, [row(2, 'b')])
  const cancelled = world.transfer(list, { signal: controller.signal })

  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(seen.filter(name => name === 'startQueryExecution')).toHaveLength(2)
  expect(seen.filter(name => name === 'updateTable')).toHaveLength(1)
  const [note] = await notesOf(list)
  expect(await isThere(note?.shadowTable ?? '')).toBe(false)
  expect((await keysBelow('staging/')).filter(key => key.includes('/cancelled/'))).toEqual([])
  expect(await tableOf(list)).toEqual(['1 a'])
})
