import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { compose } from '../../../src/cli/compose.ts'
import { destinationNamed, loadConfig, modelsOf } from '../../../src/config/load-config.ts'
import { readSettings } from '../../../src/config/settings.ts'
import type { ModelResult } from '../../../src/domain/transfer.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { createMemoryJournal } from '../../../src/transfer/journal.ts'
import type { ModelState } from '../../../src/transfer/ports.ts'
import { runTransfer } from '../../../src/transfer/run-transfer.ts'
import { createAthenaUser } from '../../support/athena-user.ts'
import { createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace } from '../../support/workspace.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
  vi.stubEnv('AWS_ENDPOINT_URL', standIn.url)
})
afterAll(() => standIn.stop())

const COLUMNS = [
  { name: 'id', type: 'bigint' },
  { name: 'name', type: 'string' },
  { name: 'at', type: 'timestamp' },
]

/** Ten models are transferred in each test, which takes its time on a busy machine. */
const LIMIT_MS = 300_000

/** Five models of all write modes, with and without a key and a cursor. */
const MODELS = {
  customers: { primaryKey: ['id'], cursor: 'at' },
  invoices: { primaryKey: ['id'] },
  events: { writeMode: 'append', cursor: 'at' },
  plans: { writeMode: 'overwrite', primaryKey: ['id'] },
  rates: { writeMode: 'overwrite' },
} as const

/** The five models at a customer's, whose transfers are kept in mind, and what each did in his account. */
async function setUp() {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  const user = await createAthenaUser(standIn, customer)
  const states = new Map<string, ModelState>()
  const data = (model: string, ids: readonly number[]) =>
    workspace.writeData(
      `${model}.ndjson`,
      ids
        .map(id => JSON.stringify({ id, name: `${model} ${id}`, at: `2026-01-01T00:0${id}:00Z` }))
        .join('\n'),
    )
  for (const [name, more] of Object.entries(MODELS)) {
    await workspace.writeModel(name, { files: { path: `${name}.ndjson` }, columns: COLUMNS, ...more })
    await data(name, [1, 2, 3])
  }
  const settings = readSettings(workspace.env)
  const config = await loadConfig(settings.config)
  const destination = destinationNamed(config, 'acme')
  const store = {
    read: async (_: string, table: string) => states.get(table),
    write: async (_: string, table: string, state: ModelState) => void states.set(table, state),
  }
  const composition = compose(settings, config)
  const transfer = async () => {
    await standIn.clearAudit()
    const { models } = await runTransfer(
      { ...composition, states: store, journal: createMemoryJournal() },
      {
        transfer: { transferId: newTransferId(), destination: 'acme', type: 'incremental' },
        destination,
        models: modelsOf(config, destination).map(found => ({ name: found.name, define: () => found })),
      },
      { signal: AbortSignal.timeout(LIMIT_MS), onProgress: () => {} },
    )
    const calls = (await standIn.audit({ accountId: customer.accountId })).filter(({ allowed }) => allowed)
    const count = (action: string, part = '') =>
      calls.filter(call => call.action === action && call.resource.includes(part)).length
    return {
      models,
      statements: count('athena:StartQueryExecution'),
      stagedObjects: count('s3:PutObject', '/staging/'),
      stagingTables: count('glue:CreateTable', '/_transfer_staging_'),
      updatedAt: await updatedAt(),
    }
  }
  const updatedAt = async (): Promise<ReadonlyMap<string | null | undefined, string>> => {
    const rows = await user.sql('SELECT data_model_name, transfer_last_updated_at FROM _transfer_status')
    return new Map(rows.map(([name, at]) => [name, String(at)]))
  }
  const stop = () => Promise.all([composition.encoders.close(), workspace.remove()])
  return { data, transfer, stop }
}

const NAMES = Object.keys(MODELS)

function changedOf(models: readonly ModelResult[]): readonly string[] {
  return models.filter(model => !model.isUnchanged).map(({ model }) => model)
}

it(
  'two transfers over unchanged data: no object is staged, no statement runs, and `_transfer_status` is newer',
  async () => {
    const t = await setUp()
    const first = await t.transfer()
    const second = await t.transfer()

    expect(first.stagedObjects).toBe(NAMES.length)
    expect(second).toMatchObject({ statements: 0, stagedObjects: 0, stagingTables: 0 })
    expect(changedOf(second.models)).toEqual([])
    expect(second.models.map(({ status }) => status)).toEqual(NAMES.map(() => 'SUCCESS'))
    for (const name of NAMES)
      expect(String(second.updatedAt.get(name)) > String(first.updatedAt.get(name)), name).toBe(true)
    await t.stop()
  },
  LIMIT_MS,
)

it(
  'one changed model of five: exactly one statement',
  async () => {
    const t = await setUp()
    await t.transfer()
    await t.data('events', [1, 2, 3, 4])
    const { statements, stagedObjects, stagingTables, models } = await t.transfer()

    expect({ statements, stagedObjects, stagingTables }).toEqual({
      statements: 1,
      stagedObjects: 1,
      stagingTables: 1,
    })
    expect(changedOf(models)).toEqual(['events'])
    await t.stop()
  },
  LIMIT_MS,
)
