import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAwsClients } from '../../src/aws/clients.ts'
import { type Destination, destinationSchema } from '../../src/domain/destination.ts'
import type { Model } from '../../src/domain/model.ts'
import { sourceSchema } from '../../src/domain/source.ts'
import type { ModelResult, Transfer } from '../../src/domain/transfer.ts'
import { newTransferId } from '../../src/domain/transfer-id.ts'
import type { TransferWindow } from '../../src/domain/transfer-window.ts'
import { readResults } from '../../src/query/read-results.ts'
import { runQuery } from '../../src/query/run-query.ts'
import { readFiles } from '../../src/sources/read-files.ts'
import type { DestinationClients, ModelState, TransferDeps } from '../../src/transfer/ports.ts'
import { transferModel } from '../../src/transfer/transfer-model.ts'
import { createCustomer } from '../support/customer.ts'
import { type EngineName, startStandIn } from '../support/stand-in.ts'

/** The straight line on a stand-in, model by model. */
export interface World {
  /** Writes a model's source file, one row a line. */
  writeSource(model: Model, lines: readonly string[]): Promise<void>
  /** With a window a backfill, which has no other type. */
  transfer(model: Model, type: 'incremental' | 'full-refresh', window?: TransferWindow): Promise<ModelResult>
  /** Loses what was remembered of a model, as a lost Redis does. */
  forget(model: Model): void
  /** Rows as Athena gives them, in no particular order. */
  select(sql: string): Promise<readonly (readonly (string | null)[])[]>
  readonly schema: string
  /** The customer's clients, as they are. */
  readonly clients: DestinationClients
  readonly bucket: string
  stop(): Promise<void>
}

/** Starts a stand-in with one customer; transfers use the clients that `wrap` gives. One world a process: the AWS SDK's endpoint is the process's own. */
export async function startWorld(
  engine: EngineName,
  wrap: (clients: DestinationClients) => DestinationClients = clients => clients,
): Promise<World> {
  const standIn = await startStandIn(engine)
  process.env.AWS_ENDPOINT_URL = standIn.url
  const customer = await createCustomer(standIn)
  const keys = await customer.createUser('histories')
  const folder = await mkdtemp(join(tmpdir(), 'histories-'))
  const { bucket, region, database, schema, workgroup } = customer
  const access = { type: 'access-key', accessKeyId: 'env:UNUSED', secretAccessKey: 'env:UNUSED' }
  const destination = destinationSchema.parse({
    name: 'acme',
    bucket,
    region,
    database,
    schema,
    workgroup,
    access,
  })
  const place = { name: 'acme', region, workgroup, bucket, schema, accountId: customer.accountId }
  const connect = async (): Promise<DestinationClients> => ({
    ...createAwsClients({ place, credentials: async () => keys }),
    accountId: customer.accountId,
  })
  const states = new Map<string, ModelState>()
  const deps = depsOf(async () => wrap(await connect()), states, folder)
  const clients = await connect()
  return {
    schema,
    bucket,
    clients,
    writeSource: (model, lines) =>
      writeFile(join(folder, model.files.path), lines.map(line => `${line}\n`).join('')),
    forget: model => void states.delete(model.tableName),
    transfer: (model, type, window) => {
      const transfer: Transfer = {
        transferId: newTransferId(),
        destination: 'acme',
        type: window ? 'backfill' : type,
        window,
      }
      const options = { signal: AbortSignal.timeout(TRANSFER_LIMIT_MS), onProgress: () => {} }
      return transferModel(deps, { transfer, destination, model }, options)
    },
    select: sql => select(clients, destination, sql),
    async stop() {
      clients.close()
      await standIn.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Longest time of one model's transfer, in milliseconds. */
const TRANSFER_LIMIT_MS = 120_000

function depsOf(
  connect: TransferDeps['connect'],
  states: Map<string, ModelState>,
  folder: string,
): TransferDeps {
  const source = sourceSchema.parse({ name: 'files', type: 'files', base: '.' })
  const noS3 = async (): Promise<never> => Promise.reject(new Error('histories read local files'))
  return {
    connect,
    readSource: (model, signal) => readFiles({ folder, s3: noS3, fetch }, source, model.files, signal),
    states: {
      read: async (_, table) => states.get(table),
      write: async (_, table, state) => void states.set(table, state),
    },
    signingKey: async () => undefined,
    workDir: folder,
    queryTimeoutMs: TRANSFER_LIMIT_MS,
  }
}

let token = 0

async function select(
  clients: DestinationClients,
  { bucket, database, schema, region, workgroup, name }: Destination,
  sql: string,
): Promise<readonly (readonly (string | null)[])[]> {
  const signal = AbortSignal.timeout(TRANSFER_LIMIT_MS)
  const place = { name, region, workgroup, bucket, schema, accountId: clients.accountId }
  const { queryExecutionId } = await runQuery(
    clients.athena,
    { sql, clientRequestToken: `select-${process.pid}-${token++}`.padEnd(40, '-') },
    {
      ...place,
      outputLocation: `s3://${bucket}/${database}/athena_output/`,
      timeoutMs: TRANSFER_LIMIT_MS,
      signal,
    },
  )
  const rows: (readonly (string | null)[])[] = []
  for await (const page of readResults(clients.athena, queryExecutionId, { signal, hasHeader: true }))
    rows.push(...page.rows)
  return rows
}
