import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TransferError } from '../../../src/domain/errors.ts'
import { cleaned } from '../../../src/domain/journal.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { abandonedTables, endTransfers } from '../../../src/queue/janitor.ts'
import { createJournalStore } from '../../../src/queue/journal-store.ts'
import { withLease } from '../../../src/queue/lease.ts'
import { modelJobId } from '../../../src/queue/transfer-view.ts'
import type { TransferWorkerOptions } from '../../../src/queue/transfer-worker.ts'
import { takeTable } from '../../../src/transfer/journal.ts'
import { createBarrier, startQueue, succeeded, until } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

/** Runs until its signal aborts. */
const untilAborted: TransferWorkerOptions['runModel'] = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))

/** A queue with a worker that takes one model at a time, and what the janitor of any worker does. */
async function start(runModel: TransferWorkerOptions['runModel'], models = ['a', 'b', 'c']) {
  const t = await startQueue(redis.url, runModel, {
    concurrency: 1,
    modelsOf: request => request.models ?? models,
  })
  const { connection, queues } = t
  const end = (transferLimitMs: number) => endTransfers({ connection, queues, transferLimitMs })
  return { ...t, end, journal: createJournalStore(connection) }
}

it('a transfer that runs for longer than it may is EXPIRED: models that run are aborted, others never start', async () => {
  const started: string[] = []
  const t = await start((payload, options) => {
    started.push(payload.model)
    return payload.model === 'a' ? Promise.resolve(succeeded('a')) : untilAborted(payload, options)
  })
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  await until(() => started.length === 2)
  const early = await t.end(3_600_000)
  await sleep(20)
  const ended = await t.end(1)
  const view = await t.finished(transferId)
  const again = await t.end(1)
  const retry = await t.queue.retry(transferId)
  await until(async () => (await t.queue.status(retry.transferId)).models.length > 0)

  expect(early).toEqual([])
  expect(ended).toEqual([{ status: 'EXPIRED', transferId }])
  expect(again).toEqual([])
  expect(view.status).toBe('EXPIRED')
  expect(view.models.map(({ status }) => status)).toEqual(['SUCCESS', 'CANCELLED', 'CANCELLED'])
  expect(view.result?.models[2]?.error).toMatchObject({
    code: 'TRANSFER_EXPIRED',
    hint: expect.stringContaining('athena-transfer retry'),
  })
  expect(started.slice(0, 2)).toEqual(['a', 'b'])
  expect((await t.queue.status(retry.transferId)).models.map(({ model }) => model)).toEqual(['b', 'c'])
  expect((await t.queue.list({ status: 'EXPIRED' })).map(one => one.transferId)).toEqual([transferId])
  await t.close()
})

it('a transfer that waited, started and then ran too long does not tell that it waits', async () => {
  const releases: (() => void)[] = []
  const t = await start(
    (payload, options) =>
      releases.length > 0
        ? untilAborted(payload, options)
        : new Promise(resolve => releases.push(() => resolve(succeeded(payload.model)))),
    ['a'],
  )
  const first = await t.queue.enqueue({ destination: 'acme' })
  await until(() => releases.length === 1)
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  await until(async () => (await t.queue.status(transferId)).waiting !== undefined)
  releases[0]?.()
  await t.finished(first.transferId)
  await until(async () => (await t.queue.status(transferId)).models[0]?.status === 'RUNNING')
  await sleep(20)
  await t.end(1)

  expect(await t.finished(transferId)).toMatchObject({ status: 'EXPIRED', waiting: undefined })
  await t.close()
})

it('a transfer that waits for a model whose job Redis lost is ORPHANED, with what to do, once its other models have ended', async () => {
  let release = (): void => {}
  const started: string[] = []
  const t = await start(({ model }) => {
    started.push(model)
    return new Promise(resolve => (release = () => resolve(succeeded(model))))
  })
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  await until(async () => (await t.queues.transfers.getWaitingChildrenCount()) === 1)
  await until(() => started.length === 1)
  const { redis: client } = t.connection
  // One job is evicted, of the other its place in the queue.
  await client.del(t.queues.models.toKey(modelJobId(transferId, 'b')))
  await client.lrem(t.queues.models.toKey('wait'), 0, modelJobId(transferId, 'c'))
  await client.lrem(t.queues.models.toKey('wait'), 0, modelJobId(transferId, 'b'))
  const ended = await t.end(3_600_000)
  const between = await t.queue.status(transferId)
  release()
  const view = await t.finished(transferId)

  expect(ended).toEqual([{ status: 'ORPHANED', transferId, models: ['b', 'c'] }])
  expect(between.status).toBe('RUNNING')
  expect(view.status).toBe('ORPHANED')
  expect(started).toEqual(['a'])
  expect(view.result?.models.map(({ status, error }) => error?.code ?? status)).toEqual([
    'SUCCESS',
    'TRANSFER_ORPHANED',
    'TRANSFER_ORPHANED',
  ])
  expect(view.result?.models[1]?.error?.hint).toContain('athena-transfer retry')
  await t.close()
})

it('a transfer that waits for a model which has failed goes on', async () => {
  const barrier = createBarrier()
  const t = await start(
    async ({ model }) => {
      if (model === 'a') throw new TransferError('ROW_INVALID', 'does not fit')
      await barrier.pass()
      return succeeded(model)
    },
    ['a', 'b'],
  )
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  const { transfers, models } = t.queues
  await until(async () => (await models.getJobCountByTypes('failed')) === 1)
  // As the queue does it when a job is added again.
  const waited = `${transfers.toKey(transferId)}:dependencies`
  await t.connection.redis.sadd(waited, models.toKey(modelJobId(transferId, 'a')))
  barrier.open()
  await until(async () => (await models.getJobCountByTypes('completed')) === 1)
  const before = await t.queue.status(transferId)
  const ended = await t.end(3_600_000)
  const after = await t.finished(transferId)
  await t.close()

  expect(before.status).toBe('RUNNING')
  expect(ended).toEqual([])
  expect(after.status).toBe('PARTIAL_FAILURE')
})

it('a transfer whose own job is in no list of the queue is ORPHANED, and may be retried', async () => {
  const t = await start(async ({ model }) => succeeded(model), ['a'])
  const { transferId } = await t.queue.enqueue({ destination: 'acme', delayMs: 3_600_000, models: ['a'] })
  await t.connection.redis.zrem(t.queues.transfers.toKey('delayed'), transferId)
  const view = await t.queue.status(transferId)
  const retry = await t.queue.retry(transferId)

  expect(view.status).toBe('ORPHANED')
  expect(view.failedReason).toMatch(/^TRANSFER_ORPHANED: .*athena-transfer retry/)
  expect((await t.finished(retry.transferId)).status).toBe('SUCCESS')
  await t.close()
})

it('the result of a model whose job is not kept any more is taken from its transfer', async () => {
  let release = (): void => {}
  const t = await start(
    ({ model }) =>
      model === 'a'
        ? Promise.resolve(succeeded(model))
        : new Promise(resolve => (release = () => resolve(succeeded(model)))),
    ['a', 'b'],
  )
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  await until(async () => (await t.queue.status(transferId)).models[1]?.status === 'RUNNING')
  await t.connection.redis.del(t.queues.models.toKey(modelJobId(transferId, 'a')))
  const ended = await t.end(3_600_000)
  release()

  expect(ended).toEqual([])
  expect((await t.finished(transferId)).status).toBe('SUCCESS')
  await t.close()
})

it('a load is abandoned once its lease is over and its job has ended or is gone, and not before', async () => {
  let release = (): void => {}
  const t = await start(
    ({ model }) => new Promise(resolve => (release = () => resolve(succeeded(model)))),
    ['a'],
  )
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  await until(async () => (await t.queue.status(transferId)).models[0]?.status === 'RUNNING')
  const table = { destination: 'acme', table: 'a' }
  const lost = { destination: 'acme', table: 'lost' }
  const held = await takeTable(t.journal, table, transferId, async () => {})
  const gone = await takeTable(t.journal, lost, newTransferId(), async () => {})
  if ('outcome' in held || 'outcome' in gone) throw new Error('expected free tables')
  const leased = await abandonedTables(t.queues, t.journal)
  await Promise.all([held.release(), gone.release()])
  const running = await abandonedTables(t.queues, t.journal)
  release()
  await t.finished(transferId)
  const ended = await abandonedTables(t.queues, t.journal)
  await gone.move(cleaned(gone.entry(), undefined))
  await gone.release()

  expect(leased.tables).toEqual([])
  expect(running.tables).toEqual([lost])
  expect(ended.tables.toSorted((left, right) => left.table.localeCompare(right.table))).toEqual([table, lost])
  expect(await abandonedTables(t.queues, t.journal)).toEqual({ tables: [table], problems: [] })
  await t.close()
})

it('one process at a time has a lease, and the next has it after its end', async () => {
  const t = await start(async ({ model }) => succeeded(model))
  const second: unknown[] = []
  const first = await withLease(t.connection, 'janitor', async () => {
    second.push(await withLease(t.connection, 'janitor', async () => 'second'))
    return 'first'
  })

  expect([first, ...second]).toEqual(['first', undefined])
  expect(await withLease(t.connection, 'janitor', async () => 'third')).toBe('third')
  await t.close()
})
