import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { createRandom } from '../simulation/random.ts'
import { type Customer, createCustomer } from '../support/customer.ts'
import { type RunningRedis, startRedis } from '../support/redis.ts'
import { startStandIn, type TestStandIn } from '../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../support/workspace.ts'
import { type Account, openAccount } from './account.ts'
import { TORTURE_MODELS } from './models.ts'
import { startSource, type TortureSource } from './source.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { startWorkers, type WorkerPool } from './workers.ts'

/** All that is under torture: every part a process of its own, workers behind lanes that can be cut. */
export interface World {
  readonly redis: RunningRedis
  readonly standIn: TestStandIn
  /** Between the workers and Redis, and between them and the stand-in. */
  readonly lanes: Readonly<Record<'redis' | 'aws', TcpProxy>>
  readonly workers: WorkerPool
  readonly accounts: readonly Account[]
  /** By model. */
  readonly sources: ReadonlyMap<string, TortureSource>
  readonly workspace: Workspace
  /** Folder of what workers stage, and of nothing else. */
  readonly workDir: string
  /** Age from which sweeps take things, in milliseconds. */
  readonly sweepAgeMs: number
  stop(options: { readonly keepLogs: boolean }): Promise<void>
}

/** Starts it: one configuration and one organisation, each destination another customer's account. */
export async function startWorld(options: {
  readonly seed: number
  readonly workers: number
  readonly destinations: number
}): Promise<World> {
  const [redis, standIn] = await Promise.all([startRedis(), startStandIn()])
  const lanes = {
    redis: await openTcpProxy(Number(new URL(redis.url).port)),
    aws: await openTcpProxy(Number(new URL(standIn.url).port)),
  }
  const customers = await customersOf(standIn, options.destinations)
  const { workspace, workDir } = await configure(lanes, customers)
  const sources = new Map<string, TortureSource>()
  for (const [index, model] of TORTURE_MODELS.entries()) {
    const random = createRandom(options.seed + index)
    sources.set(model.name, await startSource(join(workspace.folder, 'data'), model, random))
    await workspace.writeModel(model.name, model.definition)
  }
  const accounts = await Promise.all(
    customers.map((customer, index) => openAccount(standIn, customer, nameOf(index))),
  )
  const workers = startWorkers(options.workers, workspace)
  return {
    ...{ redis, standIn, lanes, workers, accounts, sources, workspace, workDir },
    sweepAgeMs: QUERY_TIMEOUT_MS,
    stop: async ({ keepLogs }) => {
      await workers.stop()
      await Promise.all([lanes.redis.close(), lanes.aws.close()])
      await Promise.all([redis.stop(), standIn.stop()])
      await rm(workDir, { recursive: true, force: true })
      if (!keepLogs) await workspace.remove()
    },
  }
}

/** The first is the workspace's own. */
function nameOf(index: number): string {
  return index === 0 ? 'acme' : `acme-${index + 1}`
}

/** Their tokens have one audience, as one file holds the workers' identity. */
async function customersOf(standIn: TestStandIn, count: number): Promise<readonly Customer[]> {
  const customers: Customer[] = []
  while (customers.length < count) {
    const audience = customers[0]?.audience
    customers.push(await createCustomer(standIn, audience === undefined ? {} : { audience }))
  }
  return customers
}

/** Time that a worker's models have after SIGTERM, in milliseconds: some end in it, others are handed over. */
const GRACE_MS = 1_000

/** Longest time of one statement, and so the least age of what a sweep takes, in milliseconds. */
const QUERY_TIMEOUT_MS = 60_000

async function configure(
  lanes: World['lanes'],
  [first, ...others]: readonly Customer[],
): Promise<Pick<World, 'workspace' | 'workDir'>> {
  if (!first) throw new Error('no destination')
  const workDir = await mkdtemp(join(tmpdir(), 'torture-work-'))
  const workspace = await createWorkspace({ url: `http://127.0.0.1:${lanes.aws.port}` }, first, {
    redisUrl: `redis://127.0.0.1:${lanes.redis.port}`,
    env: {
      ATHENA_TRANSFER_WORK_DIR: workDir,
      ATHENA_TRANSFER_HTTP_PORT: '0',
      ATHENA_TRANSFER_SHUTDOWN_GRACE_MS: String(GRACE_MS),
      ATHENA_TRANSFER_QUERY_TIMEOUT_MS: String(QUERY_TIMEOUT_MS),
      ATHENA_TRANSFER_SWEEP_AGE_MS: String(QUERY_TIMEOUT_MS),
    },
  })
  for (const [index, customer] of others.entries())
    await writeFile(
      join(workspace.folder, `destinations/${nameOf(index + 1)}.yaml`),
      stringify(destinationOf(customer)),
    )
  return { workspace, workDir }
}

function destinationOf({ bucket, region, database, schema, workgroup, roleArn, audience }: Customer): object {
  return { bucket, region, database, schema, workgroup, access: { type: 'web-identity', roleArn, audience } }
}
