import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createTransferQueue } from '../../src/index.ts'
import { type AthenaUser, createAthenaUser } from './athena-user.ts'
import { createCustomer } from './customer.ts'
import { freePort, startRedis } from './redis.ts'
import { startStandIn } from './stand-in.ts'
import { createWorkspace, type Workspace } from './workspace.ts'

/** Redis, the stand-in of AWS, a customer and a worker that loads their models. */
export interface WholeProduct {
  readonly workspace: Workspace
  /** The customer, who reads what arrived. */
  readonly user: AthenaUser
  /** Runs a transfer through the queue. @throws when a model of it did not succeed, with what the product says. */
  transfer(): Promise<readonly LoadedModel[]>
  stop(): Promise<void>
}

/** What a transfer tells of one model. */
export interface LoadedModel {
  readonly model: string
  readonly rowCount: number
  readonly changedRowCount: number
  readonly fileCount: number
  readonly statementCount: number
}

/** Longest time of one transfer, in milliseconds. */
const TRANSFER_LIMIT_MS = 600_000

/** Starts all of it with the given models, as in YAML by name. */
export async function startWholeProduct(models: Readonly<Record<string, object>>): Promise<WholeProduct> {
  const redis = await startRedis()
  const standIn = await startStandIn()
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer, { redisUrl: redis.url })
  for (const [name, model] of Object.entries(models)) await workspace.writeModel(name, model)
  const worker = spawn(process.execPath, ['src/main.ts', 'worker'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...workspace.env, ATHENA_TRANSFER_HTTP_PORT: String(await freePort()) },
  })
  const queue = await createTransferQueue({ redisUrl: redis.url })
  return {
    workspace,
    user: await createAthenaUser(standIn, customer),
    async transfer() {
      const { transferId } = await queue.enqueue({ destination: 'acme' })
      const signal = AbortSignal.timeout(TRANSFER_LIMIT_MS)
      const { status, result, failedReason } = await queue.waitUntilFinished(transferId, { signal })
      if (status === 'SUCCESS' && result) return result.models
      const failed = result?.models.flatMap(({ model, error }) =>
        error ? [`${model}: ${error.message}`] : [],
      )
      throw new Error(`the transfer ended ${status}: ${failed?.join('\n') ?? failedReason}`)
    },
    async stop() {
      await queue.close()
      const ended = once(worker, 'exit')
      worker.kill('SIGTERM')
      await ended
      await standIn.stop()
      await redis.stop()
      await workspace.remove()
    },
  }
}
