import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compose } from '../../../src/cli/compose.ts'
import { startHousekeeping } from '../../../src/cli/housekeeping.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { readSettings } from '../../../src/config/settings.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis } from '../../../src/queue/connection.ts'
import { createJournalStore } from '../../../src/queue/journal-store.ts'
import { createModelStateStore } from '../../../src/queue/model-state-store.ts'
import { openQueues } from '../../../src/queue/queues.ts'
import { takeTable } from '../../../src/transfer/journal.ts'
import { createAthenaUser } from '../../support/athena-user.ts'
import { createCustomer } from '../../support/customer.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace } from '../../support/workspace.ts'

let standIn: TestStandIn
let redis: RunningRedis
beforeAll(async () => {
  standIn = await startStandIn()
  process.env.AWS_ENDPOINT_URL = standIn.url
  redis = await startRedis()
})
afterAll(() => Promise.all([redis.stop(), standIn.stop()]))

/** How often each part is looked at, in milliseconds. */
const OFTEN = { transfers: 50, loads: 50, sweeps: 50 }

it('two workers settle a load that nobody comes back for, and sweep a destination once in its interval', async () => {
  const customer = await createCustomer(standIn)
  const { s3 } = await createAthenaUser(standIn, customer)
  const workspace = await createWorkspace(standIn, customer, {
    redisUrl: redis.url,
    env: { ATHENA_TRANSFER_QUERY_TIMEOUT_MS: '1000', ATHENA_TRANSFER_SWEEP_AGE_MS: '1000' },
  })
  const settings = readSettings(workspace.env)
  const config = await loadConfig(settings.config)
  const composition = compose(settings, config)
  const connection = await connectRedis({ redisUrl: redis.url, prefix: settings.queuePrefix })
  const [journal, queues] = [createJournalStore(connection), openQueues(connection)]
  const deps = { ...composition, states: createModelStateStore(connection), journal }
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const stagedBy = (transferId: string, attempt: string) =>
    `${customer.schema}/staging/${transferId}/things/${attempt}/part-00000.parquet`
  const transferId = newTransferId()
  const held = await takeTable(journal, { destination: 'acme', table: 'things' }, transferId, async () => {})
  if ('outcome' in held) throw new Error('expected a free table')
  const keys = [stagedBy(transferId, held.attempt), stagedBy(newTransferId(), '0123456789ab')]
  for (const Key of keys) await s3.putObject({ Bucket: customer.bucket, Key, Body: 'rows' })
  await held.release()
  await sleep(2_100)
  const parts = { settings, config, composition, deps, connection, queues, log }
  const workers = [startHousekeeping(parts, OFTEN), startHousekeeping(parts, OFTEN)]
  const isSwept = () => lines.some(line => line.includes('"swept"'))
  const timeout = AbortSignal.timeout(20_000)
  while (!timeout.aborted && !(isSwept() && (await journal.open()).tables.length === 0)) await sleep(50)
  await sleep(300)
  await Promise.all(workers.map(worker => worker.close()))
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: customer.bucket })
  const logged = (what: string) => lines.filter(line => line.includes(`"msg":"${what}"`)).length

  expect(Contents).toEqual([])
  expect(logged('swept')).toBe(1)
  expect(lines.filter(line => line.includes('"settlement":"given up"'))).toHaveLength(1)
  await Promise.all([queues.transfers.close(), queues.models.close(), composition.encoders.close()])
  connection.redis.disconnect()
  await workspace.remove()
})
