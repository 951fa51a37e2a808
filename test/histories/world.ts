import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAwsClients } from '../../src/aws/clients.ts'
import { SYSTEM_CLOCK } from '../../src/domain/clock.ts'
import { destinationSchema } from '../../src/domain/destination.ts'
import type { Model } from '../../src/domain/model.ts'
import { sourceSchema } from '../../src/domain/source.ts'
import type { ModelResult } from '../../src/domain/transfer.ts'
import { newTransferId } from '../../src/domain/transfer-id.ts'
import { connectRedis } from '../../src/queue/connection.ts'
import { createModelStateStore } from '../../src/queue/model-state-store.ts'
import { readFiles } from '../../src/sources/read-files.ts'
import { createEncoderPool } from '../../src/staging/encoder-pool.ts'
import { stageModel } from '../../src/staging/stage-model.ts'
import { createMemoryJournal } from '../../src/transfer/journal.ts'
import type { ModelStateStore, TransferDeps } from '../../src/transfer/ports.ts'
import { transferModel } from '../../src/transfer/transfer-model.ts'
import { type AthenaUser, createAthenaUser } from '../support/athena-user.ts'
import { createCustomer } from '../support/customer.ts'
import { startRedis } from '../support/redis.ts'
import { type EngineName, startStandIn } from '../support/stand-in.ts'
import { type Fault, watchCalls } from './faults.ts'

/** Names of calls that change something in AWS. */
export const CHANGING_CALLS = /^(put|upload|create|update|delete|start|complete)/

/** One attempt of a transfer: how it ended, and the AWS calls that it made. */
export interface Attempt {
  readonly calls: readonly string[]
  /** Absent when it failed. */
  readonly result?: ModelResult
  readonly error?: unknown
}

/** The straight line on a stand-in, model by model, and the customer's own view of his tables. */
export interface World {
  /** Writes a model's source file, one row a line. */
  writeSource(model: Model, lines: readonly string[]): Promise<void>
  attempt(
    model: Model,
    options: {
      readonly isFull: boolean
      readonly states: ModelStateStore
      readonly fault?: Fault | undefined
    },
  ): Promise<Attempt>
  /** An empty store in Redis, as one has after Redis was lost. */
  newStates(): ModelStateStore
  readonly customer: AthenaUser
  readonly schema: string
  stop(): Promise<void>
}

/** Longest time of one model's transfer, in milliseconds. */
const TRANSFER_LIMIT_MS = 300_000

/** Starts a stand-in with one customer, and Redis. One world a process: the AWS SDK's endpoint is the process's own. */
export async function startWorld(engine: EngineName): Promise<World> {
  const [standIn, redis] = await Promise.all([startStandIn(engine), startRedis()])
  process.env.AWS_ENDPOINT_URL = standIn.url
  const customer = await createCustomer(standIn)
  const keys = await customer.createUser('histories')
  const folder = await mkdtemp(join(tmpdir(), 'histories-'))
  const { bucket, region, database, schema, workgroup, accountId } = customer
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
  const place = { name: 'acme', region, workgroup, bucket, schema, accountId }
  const clients = createAwsClients({ place, credentials: async () => keys })
  const encoders = createEncoderPool()
  const journal = createMemoryJournal()
  const { redis: connection } = await connectRedis({ redisUrl: redis.url, prefix: 'histories' })
  let storeCount = 0
  return {
    schema,
    customer: await createAthenaUser(standIn, customer),
    writeSource: (model, lines) =>
      writeFile(join(folder, model.files.path), lines.map(line => `${line}\n`).join('')),
    newStates: () => createModelStateStore({ redis: connection, prefix: `histories-${storeCount++}` }),
    async attempt(model, { isFull, states, fault }) {
      const { calls, watch } = watchCalls(fault)
      const { s3, glue, athena } = clients
      const watched = { s3: watch(s3), glue: watch(glue), athena: watch(athena), accountId, close: () => {} }
      const deps: TransferDeps = {
        ...depsOf(folder),
        stageModel: staging => stageModel({ ...staging, encoders }),
        states,
        journal,
        connect: async () => watched,
      }
      const type = isFull ? ('full-refresh' as const) : ('incremental' as const)
      const transfer = { transferId: newTransferId(), destination: 'acme', type }
      const options = { signal: AbortSignal.timeout(TRANSFER_LIMIT_MS), onProgress: () => {} }
      return transferModel(deps, { transfer, destination, model }, options).then(
        result => ({ calls, result }),
        (error: unknown) => ({ calls, error }),
      )
    },
    async stop() {
      clients.close()
      connection.disconnect()
      await Promise.all([encoders.close(), standIn.stop(), redis.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function depsOf(folder: string): Omit<TransferDeps, 'connect' | 'states' | 'journal' | 'stageModel'> {
  const source = sourceSchema.parse({ name: 'files', type: 'files', base: '.' })
  const network = { allowedHosts: new Set<string>() }
  const noS3 = async (): Promise<never> => Promise.reject(new Error('histories read local files'))
  return {
    readSource: (model, signal) => readFiles({ folder, s3: noS3, network }, source, model.files, signal),
    clock: SYSTEM_CLOCK,
    signingKey: async () => undefined,
    workDir: folder,
    queryTimeoutMs: TRANSFER_LIMIT_MS,
  }
}
