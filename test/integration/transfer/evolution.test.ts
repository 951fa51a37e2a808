import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { compose } from '../../../src/cli/compose.ts'
import { destinationNamed, loadConfig, modelsOf } from '../../../src/config/load-config.ts'
import { readSettings } from '../../../src/config/settings.ts'
import type { ModelResult, TransferType } from '../../../src/domain/transfer.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { createEncoderPool } from '../../../src/staging/encoder-pool.ts'
import { stageModel } from '../../../src/staging/stage-model.ts'
import { createMemoryJournal } from '../../../src/transfer/journal.ts'
import type { ModelState } from '../../../src/transfer/ports.ts'
import { runTransfer } from '../../../src/transfer/run-transfer.ts'
import { type AthenaUser, createAthenaUser } from '../../support/athena-user.ts'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace } from '../../support/workspace.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
  vi.stubEnv('AWS_ENDPOINT_URL', standIn.url)
})
const encoders = createEncoderPool()
afterAll(() => Promise.all([encoders.close(), standIn.stop()]))

type ColumnFile = { name: string; type: string; description?: string }

const ID = { name: 'id', type: 'bigint' }
const AT = { name: 'at', type: 'timestamp' }

/** Rows as JSON; `at` counts days of 2026. */
function row(id: number, at: number, values: object = {}): object {
  return { id, at: `2026-01-${String(at).padStart(2, '0')}T00:00:00Z`, ...values }
}

/** A customer's table `things`, whose model, rows and transfers a test decides. Watermarks are kept between transfers. */
async function setUp() {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  const user = await createAthenaUser(standIn, customer)
  const states = new Map<string, ModelState>()
  const model = (columns: readonly ColumnFile[], more: object = {}) =>
    workspace.writeModel('things', {
      files: { path: 'things.ndjson' },
      primaryKey: ['id'],
      cursor: 'at',
      lookbackMs: 0,
      columns: [ID, ...columns, AT],
      ...more,
    })
  const data = (rows: readonly object[]) =>
    workspace.writeData('things.ndjson', rows.map(one => JSON.stringify(one)).join('\n'))
  const transfer = async (type: TransferType = 'incremental'): Promise<ModelResult> => {
    const settings = readSettings(workspace.env)
    const config = await loadConfig(settings.config)
    const destination = destinationNamed(config, 'acme')
    const store = {
      read: async (_: string, table: string) => states.get(table),
      write: async (_: string, table: string, state: ModelState) => void states.set(table, state),
    }
    const { models } = await runTransfer(
      {
        ...compose(settings, config),
        stageModel: options => stageModel({ ...options, encoders }),
        states: store,
        journal: createMemoryJournal(),
      },
      {
        transfer: { transferId: newTransferId(), destination: 'acme', type },
        destination,
        models: modelsOf(config, destination).map(found => ({ name: found.name, define: () => found })),
      },
      { signal: AbortSignal.timeout(60_000), onProgress: () => {} },
    )
    const [result] = models
    if (!result) throw new Error('one model, one result')
    return result
  }
  const loaded = async (rows: readonly object[]): Promise<ModelResult> => {
    await data(rows)
    const result = await transfer()
    expect(result.error).toBeUndefined()
    return result
  }
  return { customer, workspace, user, model, data, transfer, loaded }
}

/** The table's current columns: name, type and, if there is one, comment. */
async function columnsOf(user: AthenaUser, customer: Customer): Promise<string[]> {
  const { Table } = await user.glue.getTable({ DatabaseName: customer.schema, Name: 'things' })
  return (Table?.StorageDescriptor?.Columns ?? [])
    .filter(column => column.Parameters?.['iceberg.field.current'] !== 'false')
    .map(({ Name, Type, Comment }) => [Name, Type, ...(Comment ? [Comment] : [])].join(' '))
}

it('a column added to the model is added to the table; existing rows read NULL in it', async () => {
  const t = await setUp()
  await t.model([])
  await t.loaded([row(1, 2, { note: 'old' })])
  await t.model([{ name: 'note', type: 'string' }])
  const { rowCount } = await t.loaded([row(1, 1, { note: 'old' }), row(2, 3, { note: 'new' })])

  expect(rowCount).toBe(1)
  expect(await t.user.sql('SELECT id, note FROM things ORDER BY id')).toEqual([
    ['1', null],
    ['2', 'new'],
  ])
})

it('a model that backfills gives existing rows their values of an added column, also when the first attempt failed after the column was added', async () => {
  const t = await setUp()
  await t.model([])
  await t.loaded([row(1, 1, { note: 'a' }), row(2, 2, { note: 'b' })])
  await t.model([{ name: 'note', type: 'string' }], { addedColumns: 'backfill' })
  await t.data([row(1, 1, { note: 'a' }), row(2, 2, { note: 'b' }), { id: 3, at: 'no time' }])
  const failed = await t.transfer()
  await t.user.sql('ALTER TABLE things ADD COLUMNS (`note` string)')
  const second = await t.loaded([row(1, 1, { note: 'a' }), row(2, 2, { note: 'b' })])
  const third = await t.loaded([row(1, 1, { note: 'a' }), row(2, 2, { note: 'b' })])

  expect(failed.error?.code).toBe('ROW_INVALID')
  expect([second.rowCount, third.rowCount]).toEqual([2, 1])
  expect(await t.user.sql('SELECT id, note FROM things ORDER BY id')).toEqual([
    ['1', 'a'],
    ['2', 'b'],
  ])
})

it('a column that is added as immutable doubles no row from before', async () => {
  const t = await setUp()
  await t.model([])
  await t.loaded([row(1, 1), row(2, 1)])
  await t.model([{ name: 'made', type: 'date' }], { immutable: ['made'] })
  await t.loaded([row(1, 2, { made: '2026-01-01' })])
  await t.loaded([row(1, 3, { made: '2026-01-01' }), row(2, 3, { made: '2025-01-01' })])

  expect(await t.user.sql('SELECT id, made FROM things ORDER BY id')).toEqual([
    ['1', '2026-01-01'],
    ['2', '2025-01-01'],
  ])
})

it('a column dropped from the model stays: rows that do not change keep its value, rows written from then on read NULL', async () => {
  const t = await setUp()
  await t.model([{ name: 'note', type: 'string' }])
  await t.loaded([row(1, 1, { note: 'a' }), row(2, 1, { note: 'b' })])
  await t.model([{ name: 'other', type: 'string' }])
  await t.loaded([row(2, 2, { other: 'x' }), row(3, 2)])

  expect(await t.user.sql('SELECT id, note, other FROM things ORDER BY id')).toEqual([
    ['1', 'a', null],
    ['2', null, 'x'],
    ['3', null, null],
  ])
})

it('a column that comes back to the model is loaded again, and backfilled where the model says so', async () => {
  const t = await setUp()
  const note = { name: 'note', type: 'string' }
  await t.model([note], { addedColumns: 'backfill' })
  await t.loaded([row(1, 1, { note: 'a' })])
  await t.model([], { addedColumns: 'backfill' })
  await t.loaded([row(1, 2), row(2, 2)])
  await t.model([note], { addedColumns: 'backfill' })
  await t.loaded([row(1, 2, { note: 'a' }), row(2, 2, { note: 'b' })])

  expect(await t.user.sql('SELECT id, note FROM things ORDER BY id')).toEqual([
    ['1', 'a'],
    ['2', 'b'],
  ])
})

it('columns in another order load by name and change nothing in the table', async () => {
  const t = await setUp()
  const [a, b] = [
    { name: 'a', type: 'string' },
    { name: 'b', type: 'string' },
  ] as const
  await t.model([a, b])
  await t.loaded([row(1, 1, { a: '1a', b: '1b' })])
  await t.model([b, a])
  await t.loaded([row(2, 2, { a: '2a', b: '2b' })])

  expect(await columnsOf(t.user, t.customer)).toEqual(['id bigint', 'a string', 'b string', 'at timestamp'])
  expect(await t.user.sql('SELECT a, b FROM things ORDER BY id')).toEqual([
    ['1a', '1b'],
    ['2a', '2b'],
  ])
})

it('integers widen to bigint, floats to double and decimals to more digits, keys too, and a model that is narrower again loads on', async () => {
  const t = await setUp()
  const narrow = [
    { name: 'n', type: 'integer' },
    { name: 'f', type: 'float' },
    { name: 'd', type: 'decimal(5,2)' },
  ]
  const wide = [
    { name: 'n', type: 'bigint' },
    { name: 'f', type: 'double' },
    { name: 'd', type: 'decimal(20,2)' },
  ]
  const keyed = (type: string, columns: ColumnFile[]) => ({ columns: [{ name: 'id', type }, ...columns, AT] })
  await t.model([], keyed('integer', narrow))
  await t.loaded([row(1, 1, { n: 7, f: 0.5, d: 123.45 }), row(2, 1, { n: 8, f: 0.1, d: -1 })])
  await t.model([], keyed('bigint', wide))
  await t.loaded([row(2, 2, { n: 9, f: 0.1, d: 5 }), row(5_000_000_000, 2, { n: 2 ** 40, f: 0.1, d: 1e9 })])
  await t.model([], keyed('integer', narrow))
  await t.loaded([row(1, 3, { n: 10, f: 0.25, d: 1 })])

  expect(await columnsOf(t.user, t.customer)).toEqual([
    'id bigint',
    'n bigint',
    'f double',
    'd decimal(20,2)',
    'at timestamp',
  ])
  expect(await t.user.sql('SELECT id, n, f, d FROM things ORDER BY id')).toEqual([
    ['1', '10', '0.25', '1.00'],
    ['2', '9', '0.1', '5.00'],
    ['5000000000', '1099511627776', '0.1', '1000000000.00'],
  ])
})

it('every other change of type is refused with both types and the two ways out, and nothing changes', async () => {
  const t = await setUp()
  await t.model([{ name: 'n', type: 'bigint' }])
  await t.loaded([row(1, 1, { n: 1 })])
  await t.model([
    { name: 'n', type: 'string' },
    { name: 'more', type: 'string' },
  ])
  await t.data([row(2, 2, { n: 'x' })])
  const { error } = await t.transfer('full-refresh')

  expect(error).toMatchObject({ code: 'SCHEMA_CHANGE_REFUSED', owner: 'operator' })
  expect(error?.message).toContain(
    'column "n": the table has bigint, the model says string (string), and Athena cannot change one to the other; either give the column a new name in the model, or drop the table and run a full refresh',
  )
  expect(await columnsOf(t.user, t.customer)).toEqual(['id bigint', 'n bigint', 'at timestamp'])
  expect(await t.user.sql('SELECT id, n FROM things')).toEqual([['1', '1']])
  const { bucket, schema } = t.customer
  const { KeyCount } = await t.user.s3.listObjectsV2({ Bucket: bucket, Prefix: `${schema}/staging/` })
  expect(KeyCount).toBe(0)
})

it('descriptions become comments and change with the model, without a new snapshot, only when they differ', async () => {
  const t = await setUp()
  const table = async () =>
    (await t.user.glue.getTable({ DatabaseName: t.customer.schema, Name: 'things' })).Table
  await t.model([{ name: 'n', type: 'integer', description: "the customer's" }], { description: 'Things' })
  await t.loaded([row(1, 1, { n: 1 })])
  const first = await table()
  await t.loaded([row(1, 1, { n: 1 })])
  const same = await table()
  await t.model([{ name: 'n', type: 'bigint', description: 'ours' }], { description: 'Things, all of them' })
  await t.loaded([])
  const changed = await table()

  expect(first?.Description).toBe('Things')
  expect(first?.StorageDescriptor?.Columns?.[1]?.Comment).toBe("the customer's")
  expect(same?.VersionId).toBe(first?.VersionId)
  expect(changed?.Description).toBe('Things, all of them')
  expect(changed?.StorageDescriptor?.Columns?.[1]).toMatchObject({ Type: 'bigint', Comment: 'ours' })
  expect(await t.user.sql('SELECT n FROM things')).toEqual([['1']])
})

it('what the customer did himself survives: columns, their values and comments, Glue parameters, rows and snapshots', async () => {
  const t = await setUp()
  await t.model([{ name: 'n', type: 'integer' }], { description: 'Things' })
  await t.loaded([row(1, 1, { n: 1 })])
  await t.user.sql("ALTER TABLE things ADD COLUMNS (`mine` string COMMENT 'my own')")
  await t.user.sql("UPDATE things SET mine = 'kept' WHERE id = 1")
  await t.user.sql("INSERT INTO things (id, mine) VALUES (99, 'my row')")
  const glueTable = async () =>
    (await t.user.glue.getTable({ DatabaseName: t.customer.schema, Name: 'things' })).Table
  const { Name, StorageDescriptor, TableType, Parameters, VersionId } = (await glueTable()) ?? {}
  await t.user.glue.updateTable({
    DatabaseName: t.customer.schema,
    VersionId,
    TableInput: {
      Name,
      StorageDescriptor,
      TableType,
      Owner: 'me',
      Retention: 7,
      Parameters: { ...Parameters, team: 'finance' },
    },
  })
  await t.model([{ name: 'n', type: 'bigint', description: 'number' }], { description: 'New' })
  await t.loaded([row(1, 2, { n: 2 }), row(2, 2, { n: 3 })])

  expect(await t.user.sql('SELECT id, n, mine FROM things ORDER BY id')).toEqual([
    ['1', '2', 'kept'],
    ['2', '3', null],
    ['99', null, 'my row'],
  ])
  expect(await columnsOf(t.user, t.customer)).toContain('mine string my own')
  expect(await glueTable()).toMatchObject({
    Description: 'New',
    Owner: 'me',
    Retention: 7,
    Parameters: { team: 'finance' },
  })
  const snapshots = await t.user.sql('SELECT count(*) FROM "things$snapshots"')
  expect(Number(snapshots[0]?.[0])).toBe(4)
})

it('a table that the customer dropped is made again and filled as on the first transfer, also when the first attempt failed', async () => {
  const t = await setUp()
  await t.model([])
  await t.loaded([row(1, 1), row(2, 2)])
  await t.user.sql('DROP TABLE things')
  await standIn.setFault({ name: 'athena.StartQueryExecution.500', times: 50, match: 'MERGE INTO' })
  await t.data([row(1, 1), row(2, 2)])
  const failed = await t.transfer()
  await standIn.clearFaults()
  const { rowCount } = await t.loaded([row(1, 1), row(2, 2)])

  expect(failed.status).toBe('ERROR')
  expect(rowCount).toBe(2)
  expect(await t.user.sql('SELECT id FROM things ORDER BY id')).toEqual([['1'], ['2']])
})

it('a table replaced by something that is not Iceberg is TARGET_INCOMPATIBLE, and says by what', async () => {
  const t = await setUp()
  await t.model([])
  await t.loaded([row(1, 1)])
  await t.user.sql('DROP TABLE things')
  await t.user.glue.createTable({
    DatabaseName: t.customer.schema,
    TableInput: { Name: 'things', TableType: 'VIRTUAL_VIEW', ViewOriginalText: '/* */' },
  })
  const { error } = await t.transfer()

  expect(error).toMatchObject({ code: 'TARGET_INCOMPATIBLE', owner: 'customer' })
  expect(error?.message).toBe(
    'table "acme_export"."things" is not an Iceberg table but a view; nothing was changed',
  )
})

it('any name of a source has a column: reserved words, digits first, other scripts, very long ones, ours', async () => {
  const t = await setUp()
  const names = [
    'order',
    'GROUP',
    '2024 total',
    '客户',
    '***',
    'Größe',
    `${'x'.repeat(300)}`,
    '_transfer_row',
  ]
  await t.model(names.map(name => ({ name, type: 'string' })))
  await t.loaded([row(1, 1, Object.fromEntries(names.map((name, index) => [name, `v${index}`])))])
  const columns = (await columnsOf(t.user, t.customer)).map(column => column.split(' ')[0])

  expect(columns).toEqual([
    'id',
    'order',
    'group',
    '2024_total',
    'u5ba2_u6237',
    'u2a_u2a_u2a',
    'gro_e',
    expect.stringMatching(/^x{246}_[0-9a-f]{8}$/),
    'source_transfer_row',
    'at',
  ])
  expect(await t.user.sql('SELECT * FROM things')).toEqual([
    ['1', ...names.map((_, index) => `v${index}`), '2026-01-01 00:00:00.000000'],
  ])
})

it('names arrive by whichever reader of rows, also those that the readers use themselves', async () => {
  const t = await setUp()
  const names = ['a', 'value_1', 'place', '__proto__', '_transfer_row', 'constructor', '"quoted"', '客户']
  await t.model(names.map(name => ({ name, type: 'string' })))
  const entries = names.map((name, index) => [name, `v${index}`])
  const text = (id: number, at: string, pairs: readonly (readonly string[])[]): string =>
    JSON.stringify({ id }).replace(
      '}',
      `,${JSON.stringify(Object.fromEntries(pairs)).slice(1, -1)},"at":"${at}"}`,
    )
  const rows = [
    [text(1, '2026-01-01T00:00:00Z', entries)],
    [text(2, '2026-01-02T00:00:00Z', entries), text(3, '2026-01-02T00:00:00Z', entries.toReversed())],
    [text(4, '2026-01-03T01:00:00+01:00', entries)],
  ]
  const results = []
  for (const some of rows) {
    await t.workspace.writeData('things.ndjson', some.join('\n'))
    results.push(await t.transfer())
  }

  expect(results.map(({ error, rowCount }) => error ?? rowCount)).toEqual([1, 2, 1])
  expect(await t.user.sql('SELECT * FROM things ORDER BY id')).toEqual(
    [1, 2, 3, 4].map(id => [
      String(id),
      ...names.map((_, index) => `v${index}`),
      `2026-01-0${[1, 2, 2, 3][id - 1]} 00:00:00.000000`,
    ]),
  )
})

it('names that are one in Athena are refused with both, or told apart; the column that was there first keeps its name', async () => {
  const t = await setUp()
  const [upper, lower] = [
    { name: 'Note', type: 'string' },
    { name: 'note', type: 'string' },
  ] as const
  await t.model([upper])
  await t.loaded([row(1, 1, { Note: 'A' })])
  await t.model([upper, lower])
  const refused = await t.workspace.cli('plan', 'acme')
  await t.model([lower, upper], { nameCollisions: 'suffix' })
  await t.loaded([row(2, 2, { Note: 'B', note: 'b' })])
  const plan = await t.workspace.cli('plan', 'acme')
  const manifests = await t.user.s3.listObjectsV2({
    Bucket: t.customer.bucket,
    Prefix: `${t.customer.schema}/_manifests/things/`,
  })
  const { Body } = await t.user.s3.getObject({
    Bucket: t.customer.bucket,
    Key: manifests.Contents?.map(({ Key }) => Key ?? '')
      .sort()
      .at(-1),
  })

  expect(refused.stderr).toContain('columns "Note" and "note" are one name in Athena')
  expect((await columnsOf(t.user, t.customer)).filter(column => column.startsWith('note'))).toEqual([
    'note string Note',
    expect.stringMatching(/^note_[0-9a-f]{8} string note$/),
  ])
  expect(
    (await t.user.sql('SELECT * FROM things ORDER BY id')).map(([, note, , other]) => [note, other]),
  ).toEqual([
    ['A', null],
    ['B', 'b'],
  ])
  const renamed = [
    { source: 'note', table: expect.stringMatching(/^note_[0-9a-f]{8}$/) },
    { source: 'Note', table: 'note' },
  ]
  expect(JSON.parse(plan.stdout)[0].renamedColumns).toEqual(renamed)
  expect(JSON.parse((await Body?.transformToString()) ?? '').renamedColumns).toEqual(renamed)
})

it('the table of a model that was removed stays as it is', async () => {
  const t = await setUp()
  await t.model([])
  await t.loaded([row(1, 1)])
  await t.workspace.writeModel('others', {
    files: { path: 'things.ndjson' },
    primaryKey: ['id'],
    columns: [ID],
  })
  const { rm } = await import('node:fs/promises')
  await rm(`${t.workspace.folder}/models/things.yaml`)
  await t.loaded([row(2, 2)])

  expect(await t.user.sql('SELECT id FROM things')).toEqual([['1']])
})
