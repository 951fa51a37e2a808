import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paginateGetTables } from '@aws-sdk/client-glue'
import { createAwsClients } from '../../src/aws/clients.ts'
import { SYSTEM_CLOCK } from '../../src/domain/clock.ts'
import { type Destination, destinationSchema } from '../../src/domain/destination.ts'
import type { Model } from '../../src/domain/model.ts'
import { sourceSchema } from '../../src/domain/source.ts'
import type { ModelResult } from '../../src/domain/transfer.ts'
import { newTransferId } from '../../src/domain/transfer-id.ts'
import type { TransferWindow } from '../../src/domain/transfer-window.ts'
import { readFiles } from '../../src/sources/read-files.ts'
import { createEncoderPool } from '../../src/staging/encoder-pool.ts'
import { keysBelow } from '../../src/staging/keys-below.ts'
import { stageModel } from '../../src/staging/stage-model.ts'
import { createMemoryJournal } from '../../src/transfer/journal.ts'
import type { DestinationClients, ModelState, TransferDeps } from '../../src/transfer/ports.ts'
import { transferModel } from '../../src/transfer/transfer-model.ts'
import { type AthenaUser, createAthenaUser } from './athena-user.ts'
import { type CustomerOptions, createCustomer } from './customer.ts'
import { type Executions, openExecutions } from './executions.ts'
import { type EngineName, startStandIn, type TestStandIn } from './stand-in.ts'

/** The straight line on a stand-in with one customer, model by model, what is remembered kept in memory. */
export interface StraightLine {
  /** Writes a model's source file, one row a line. */
  writeSource(model: Model, lines: readonly string[]): Promise<void>
  transfer(model: Model, kind?: TransferOfModel): Promise<ModelResult>
  /** Loses what was remembered of a model, as a lost Redis does. */
  forget(model: Model): void
  readonly customer: AthenaUser
  readonly destination: Destination
  readonly schema: string
  readonly bucket: string
  /** As the customer's own Iceberg client would ask for: `pyiceberg` takes these. */
  readonly reader: {
    readonly url: string
    readonly region: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }
  readonly merges: Executions['merges']
  /** Keys of all staged files that there are. */
  stagedKeys(): Promise<readonly string[]>
  /** The same, and names of all staging and shadow tables. */
  leftovers(): Promise<readonly string[]>
  readonly setFault: TestStandIn['setFault']
  stop(): Promise<void>
}

/** A transfer of one model. */
export interface TransferOfModel {
  /** Default: incremental. */
  readonly type?: 'incremental' | 'full-refresh'
  /** With a window a backfill, which has no other type. */
  readonly window?: TransferWindow | undefined
  /** Default: a new one. */
  readonly transferId?: string
  readonly signal?: AbortSignal
}

/** Longest time of one model's transfer, in milliseconds. */
const TRANSFER_LIMIT_MS = 300_000

/** Starts it for a customer of these options; transfers are given what `wrap` makes of their dependencies. The AWS SDK's endpoint is the process's own. */
export async function startStraightLine(
  wrap: (deps: TransferDeps) => TransferDeps = deps => deps,
  options: CustomerOptions & { readonly engine?: EngineName } = {},
): Promise<StraightLine> {
  const standIn = await startStandIn(options.engine ?? 'duckdb')
  process.env.AWS_ENDPOINT_URL = standIn.url
  const customer = await createCustomer(standIn, options)
  const keys = await customer.createUser('worker')
  const folder = await mkdtemp(join(tmpdir(), 'straight-line-'))
  const { bucket, region, database, schema, workgroup, accountId } = customer
  const access = { type: 'access-key', accessKeyId: 'env:UNUSED', secretAccessKey: 'env:UNUSED' }
  const place = { name: 'acme', region, workgroup, bucket, schema }
  const destination = destinationSchema.parse({ ...place, database, access })
  const user = await createAthenaUser(standIn, customer)
  const executions = await openExecutions(standIn, customer)
  const encoders = createEncoderPool()
  const states = new Map<string, ModelState>()
  const source = sourceSchema.parse({ name: 'files', type: 'files', base: '.' })
  const network = { allowedHosts: new Set<string>() }
  const noS3 = async (): Promise<never> => Promise.reject(new Error('sources are local files'))
  const connect = async (): Promise<DestinationClients> => ({
    ...createAwsClients({ place: { ...place, accountId }, credentials: async () => keys }),
    accountId,
  })
  const deps = wrap({
    connect,
    readSource: (model, signal) => readFiles({ folder, s3: noS3, network }, source, model.files, signal),
    stageModel: staging => stageModel({ ...staging, encoders }),
    states: {
      read: async (_, table) => states.get(table),
      write: async (_, table, state) => {
        const isOlder = (states.get(table)?.epoch ?? 0) > (state.epoch ?? 0)
        if (!isOlder) states.set(table, state)
      },
    },
    journal: createMemoryJournal(),
    clock: SYSTEM_CLOCK,
    signingKey: async () => undefined,
    workDir: folder,
    queryTimeoutMs: TRANSFER_LIMIT_MS,
  })
  const stagedKeys = () => Array.fromAsync(keysBelow(user.s3, { bucket, prefix: `${schema}/staging/` }))
  return {
    schema,
    bucket,
    destination,
    customer: user,
    merges: executions.merges,
    reader: { url: standIn.url, region, ...keys },
    stagedKeys,
    async leftovers() {
      const tables: string[] = []
      for await (const { TableList = [] } of paginateGetTables(
        { client: user.glue },
        { DatabaseName: schema },
      ))
        tables.push(...TableList.map(({ Name = '' }) => Name))
      return [...(await stagedKeys()), ...tables.filter(name => /^_transfer_(staging|shadow)_/.test(name))]
    },
    setFault: standIn.setFault,
    writeSource: (model, lines) =>
      writeFile(join(folder, model.files.path), lines.map(line => `${line}\n`).join('')),
    forget: model => void states.delete(model.tableName),
    transfer: (model, { type = 'incremental', window, transferId = newTransferId(), signal } = {}) =>
      transferModel(
        deps,
        {
          transfer: { transferId, destination: 'acme', type: window ? 'backfill' : type, window },
          destination,
          model,
        },
        { signal: signal ?? AbortSignal.timeout(TRANSFER_LIMIT_MS), onProgress: () => {} },
      ),
    async stop() {
      await Promise.all([encoders.close(), standIn.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
