import { randomBytes } from 'node:crypto'
import { Athena } from '@aws-sdk/client-athena'
import { z } from 'zod'
import { compose } from '../../src/cli/compose.ts'
import { destinationNamed, loadConfig, modelNamed } from '../../src/config/load-config.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { TransferResult } from '../../src/domain/transfer.ts'
import { newTransferId } from '../../src/domain/transfer-id.ts'
import { createMemoryJournal, type JournalStore } from '../../src/transfer/journal.ts'
import { NO_STATES } from '../../src/transfer/model-state.ts'
import { runTransfer } from '../../src/transfer/run-transfer.ts'
import { type AthenaUser, createAthenaUser } from './athena-user.ts'
import { type Customer, createCustomer } from './customer.ts'
import type { TestStandIn } from './stand-in.ts'
import { createWorkspace } from './workspace.ts'

/** One model of one customer, transferred again and again; each time all of its rows are newer than before. */
export interface FaultyTransfers {
  readonly customer: Customer
  readonly user: AthenaUser
  /** Writes `rowCount` rows with new values and transfers them, as `athena-transfer run` does. */
  transfer(options?: TransferOptions): Promise<TransferResult['models'][number]>
  /** Transfers the rows again as they are. */
  repeat(): Promise<TransferResult['models'][number]>
  /** The rows of the source as a SELECT of the target gives them, in the order of their ids. */
  expected(): readonly (readonly string[])[]
  /** The rows of the target in the order of their ids. */
  rows(): Promise<readonly (readonly (string | null)[])[]>
  /** Ids of the executions of MERGE among the latest fifty. */
  merges(): Promise<readonly string[]>
  /** Names of staging tables and keys of staged files that are there. */
  leftovers(): Promise<readonly string[]>
  remove(): Promise<void>
}

interface TransferOptions {
  /** Default 3. */
  readonly rowCount?: number
  /** Characters of each value, so many that the compressor finds nothing; default 8. */
  readonly valueLength?: number
  readonly extraColumn?: string
}

const COLUMNS = [
  { name: 'Id', type: 'bigint' },
  { name: 'Value', type: 'string' },
  { name: 'UpdatedAt', type: 'timestamp' },
]

const ALL_OF_ATHENA = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'athena:*', Resource: '*' }],
}

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

/** Makes a customer with an empty model. The AWS SDK's endpoint is the process's own: one stand-in at a time. */
export async function createFaultyTransfers(standIn: TestStandIn): Promise<FaultyTransfers> {
  process.env.AWS_ENDPOINT_URL = standIn.url
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  const user = await createAthenaUser(standIn, customer)
  const looker = await standIn.admin('PUT', `users/${customer.accountId}/looker`, {
    policies: { all: ALL_OF_ATHENA },
  })
  const credentials = keysSchema.parse(looker)
  const athena = new Athena({ region: customer.region, endpoint: standIn.url, credentials })
  let source: readonly { Id: number; Value: string; UpdatedAt: string }[] = []
  let version = 0
  const journal = createMemoryJournal()
  const repeat = () => runModel(workspace.env, journal)
  return {
    customer,
    user,
    repeat,
    async transfer({ rowCount = 3, valueLength = 8, extraColumn } = {}) {
      version += 1
      const UpdatedAt = new Date(Date.UTC(2026, 0, 1) + version * 1000).toISOString()
      source = Array.from({ length: rowCount }, (_, index) => ({
        Id: index + 1,
        Value: randomBytes(valueLength).toString('base64').slice(0, valueLength),
        UpdatedAt,
      }))
      await workspace.writeModel('things', {
        files: { path: 'things.ndjson' },
        primaryKey: ['Id'],
        cursor: 'UpdatedAt',
        columns: extraColumn ? [...COLUMNS, { name: extraColumn, type: 'string' }] : COLUMNS,
      })
      await workspace.writeData('things.ndjson', source.map(row => JSON.stringify(row)).join('\n'))
      return repeat()
    },
    expected: () => source.map(({ Id, Value }) => [String(Id), Value]),
    rows: () => user.sql('SELECT id, value FROM things ORDER BY id'),
    async merges() {
      const { QueryExecutionIds = [] } = await athena.listQueryExecutions({ MaxResults: 50 })
      const { QueryExecutions = [] } = await athena.batchGetQueryExecution({ QueryExecutionIds })
      return QueryExecutions.flatMap(({ QueryExecutionId = '', Query = '' }) =>
        Query.startsWith('MERGE') ? [QueryExecutionId] : [],
      )
    },
    async leftovers() {
      const Prefix = `${customer.schema}/staging/`
      const { Contents = [] } = await user.s3.listObjectsV2({ Bucket: customer.bucket, Prefix })
      const { TableList = [] } = await user.glue.getTables({ DatabaseName: customer.schema })
      const tables = TableList.map(table => table.Name ?? '').filter(name => name.includes('staging'))
      return [...Contents.map(object => object.Key ?? ''), ...tables]
    },
    remove: () => workspace.remove(),
  }
}

async function runModel(
  env: Readonly<Record<string, string>>,
  journal: JournalStore,
): Promise<TransferResult['models'][number]> {
  const settings = readSettings(env)
  const config = await loadConfig(settings.config)
  const destination = destinationNamed(config, 'acme')
  const transfer = { transferId: newTransferId(), destination: 'acme', type: 'incremental' as const }
  const models = [{ name: 'things', define: () => modelNamed(config, destination, 'things') }]
  const { models: results } = await runTransfer(
    { ...compose(settings, config), states: NO_STATES, journal },
    { transfer, destination, models },
    { signal: AbortSignal.timeout(110_000), onProgress: () => {} },
  )
  const [result] = results
  if (!result) throw new Error('no result')
  return result
}
