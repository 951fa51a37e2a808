import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ERROR_CODES } from '../../../src/domain/errors.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import type { TransferRequest } from '../../../src/queue/enqueue-transfer.ts'
import { modelJobId } from '../../../src/queue/transfer-view.ts'
import { startQueue, succeeded, until } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const SECRET = 'hunter2-AKIAIOSFODNN7EXAMPLE-wJalrXUtnFEMI'

const start = (workerCount = 1) =>
  startQueue(redis.url, async ({ model }) => succeeded(model), {}, workerCount)

type Started = Awaited<ReturnType<typeof start>>

/** A payload as this package writes it. */
function payload(transferId = newTransferId()) {
  const requestedAt = new Date().toISOString()
  return { version: 1, transferId, destination: 'acme', type: 'incremental', models: ['a'], requestedAt }
}

/** Any value in the place of any member of a valid request, further members, and values that are no request at all. */
const requests = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
  fc
    .tuple(
      fc.constantFrom(
        ...[
          'destination',
          'type',
          'window',
          'models',
          'transferId',
          'priority',
          'delayMs',
          'whenBusy',
          'other',
        ],
      ),
      fc.oneof(
        fc.jsonValue(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(SECRET, `a:b`, '../b', 'A', 'x'.repeat(1_000_000), Number.NaN, -1, 1e300, '\0', ''),
        fc.constant({ from: SECRET, to: SECRET }),
        fc.constant(Array(20_000).fill('m')),
        fc.constant({ [SECRET]: 1 }),
      ),
    )
    .map(([name, value]) => ({ destination: 'acme', models: ['a'], [name]: value })),
)

it('whatever is enqueued is a transfer or JOB_INVALID, in few words and without what may be secret', async () => {
  const { queue, queues, close } = await start(0)
  const enqueued: string[] = []
  await fc.assert(
    fc.asyncProperty(requests, async request => {
      // What callers without types may give.
      const outcome = await queue.enqueue(request as TransferRequest).catch((thrown: unknown) => thrown)
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({ code: 'JOB_INVALID', owner: 'operator' })
        expect(outcome.message.length).toBeLessThan(3_000)
        expect(JSON.stringify({ ...outcome, message: outcome.message })).not.toContain(SECRET)
      } else enqueued.push((outcome as { transferId: string }).transferId)
    }),
    { numRuns: 400 },
  )
  for (const id of new Set(enqueued))
    expect(await queues.transfers.getJobState(id)).toMatch(/wait|prior|delay/)
  await close()
})

it('asks for transfers by anything at all end in TRANSFER_NOT_FOUND', async () => {
  const { queue, connection, close } = await start(0)
  await connection.redis.set(`${connection.prefix}:transfers:text`, 'x')
  const ids = fc.oneof(
    fc.constantFrom('meta', 'wait', 'id', 'events', 'text', '', ':', '*', SECRET, 'x'.repeat(1_000_000)),
    fc.string({ unit: 'binary' }),
    fc.anything(),
  )
  await fc.assert(
    fc.asyncProperty(ids, async id => {
      for (const ask of [queue.status, queue.cancel, queue.retry]) {
        const failure = await ask(id as string).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        expect(failure).toMatchObject({ code: 'TRANSFER_NOT_FOUND' })
        expect(String(failure)).not.toContain(SECRET)
      }
    }),
    { numRuns: 100 },
  )
  await close()
})

/** Puts a job into a queue by hand, as a program that is not ours would. */
async function addByHand(t: Started, name: 'transfers' | 'models', jobId: string, data: unknown) {
  // What lies in Redis has no type.
  await t.queues[name].add('acme', data as never, { jobId, attempts: 2 })
}

/** What nobody's schema expects; JSON drops or changes some of it on the way. */
const damagedPayloads = fc.oneof(
  fc.jsonValue(),
  fc
    .tuple(
      fc.constantFrom(...Object.keys(payload()), 'window', 'retryOf', 'fannedOut', 'more'),
      fc.oneof(fc.jsonValue(), fc.constantFrom(SECRET, [SECRET], { [SECRET]: SECRET }, 'x'.repeat(200_000))),
    )
    .map(([name, value]) => ({ ...payload(), [name]: value })),
)

it('jobs that were put into the queue by hand end by name, whatever is in them, and others go on', async () => {
  const t = await start()
  await fc.assert(
    fc.asyncProperty(damagedPayloads, async data => {
      const id = newTransferId()
      await addByHand(t, 'transfers', id, data)
      const view = await t.finished(id)

      expect(view).toMatchObject({ transferId: id, status: 'ERROR' })
      expect(view.failedReason).toMatch(/^JOB_INVALID: job \w+: .*\(operator: /)
      expect(view.failedReason?.length).toBeLessThan(3_500)
      expect(view.failedReason).not.toContain(SECRET)
    }),
    { numRuns: 80 },
  )
  const listed = await t.queue.list({ limit: 1000 })
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })

  expect(listed.length).toBeGreaterThan(10)
  expect(new Set(listed.map(({ status }) => status))).toEqual(new Set(['ERROR']))
  expect(await t.finished(transferId)).toMatchObject({ status: 'SUCCESS' })
  await t.close()
})

it.each(['{"version":1,"transf', '', 'null', '[]', '"x"', '\u0000', '{"a":'.repeat(50_000)])(
  'a job whose data is "%.20s" in Redis ends by name, and other transfers go on',
  async text => {
    const t = await start(0)
    const { redis: client, prefix } = t.connection
    const damaged = await t.queue.enqueue({ destination: 'acme' })
    await client.hset(`${prefix}:transfers:${damaged.transferId}`, 'data', text)
    const other = await t.queue.enqueue({ destination: 'beta' })
    const seen = await t.queue.status(damaged.transferId).catch((thrown: unknown) => thrown)
    const list = await t.queue.list()
    await t.addWorker()
    await until(async () => (await t.queues.transfers.getJobState(damaged.transferId)) === 'failed')

    expect(JSON.stringify(seen)).toMatch(/STATE_UNREADABLE|JOB_INVALID/)
    expect(list.map(({ transferId }) => transferId).sort()).toEqual(
      [damaged.transferId, other.transferId].sort(),
    )
    expect(await t.finished(other.transferId)).toMatchObject({ status: 'SUCCESS' })
    const key = `${prefix}:transfers:${damaged.transferId}`
    expect(await client.hget(key, 'failedReason')).toMatch(/^JOB_INVALID: /)
    expect(await client.hget(key, 'data')).toBe(text)
    await t.close()
  },
)

it('a payload of another transfer is refused, so that no job answers for one that it is not', async () => {
  const t = await start(0)
  const own = await t.queue.enqueue({ destination: 'acme' })
  const forged = newTransferId()
  await addByHand(t, 'transfers', forged, payload(own.transferId))
  const { models: _, requestedAt: __, ...common } = payload(own.transferId)
  const forgedModel = modelJobId(newTransferId(), 'a')
  await addByHand(t, 'models', forgedModel, { ...common, model: 'a' })
  await t.addWorker()

  expect(await t.finished(forged)).toMatchObject({
    status: 'ERROR',
    failedReason: expect.stringContaining('its payload is that of another job'),
  })
  await until(async () => (await t.queues.models.getJobState(forgedModel)) === 'failed')
  expect(await t.finished(own.transferId)).toMatchObject({ status: 'SUCCESS' })
  await t.close()
})

it.each<[string, unknown]>([
  ['no JSON', '{'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a result without members', '{}'],
  ['counts that are texts', JSON.stringify({ ...succeeded('a'), rowCount: '5' })],
  ['a code that is none', JSON.stringify({ ...succeeded('a'), error: { code: 'toString' } })],
])('a model’s result that is %s fails its model by the name of its key, and no other', async (_, text) => {
  const t = await startQueue(redis.url, async ({ model, transferId }) => {
    if (model === 'b')
      await until(async () => {
        const job = await t.queues.models.getJob(modelJobId(transferId, 'a'))
        return (await job?.getState()) === 'completed'
      })
    if (model === 'b') await t.connection.redis.hset(keyOf(transferId), 'returnvalue', String(text))
    if (model === 'b')
      await t.connection.redis.hset(
        `${t.connection.prefix}:transfers:${transferId}:processed`,
        keyOf(transferId),
        text === '{' ? 'null' : String(text),
      )
    return succeeded(model)
  })
  const keyOf = (transferId: string) => `${t.connection.prefix}:models:${modelJobId(transferId, 'a')}`
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  const view = await t.finished(transferId)
  const [a, b] = view.result?.models ?? []

  expect(view.status).toBe('PARTIAL_FAILURE')
  expect(b).toMatchObject({ model: 'b', status: 'SUCCESS' })
  expect(Object.keys(ERROR_CODES)).toContain(a?.error?.code)
  expect(a?.error?.message).toContain(keyOf(transferId))
  await t.close()
})

it('a transfer’s result that was damaged is ERROR with its reason, in `status` and `list`, and can be retried', async () => {
  const t = await start()
  const { transferId } = await t.queue.enqueue({ destination: 'acme' })
  await t.finished(transferId)
  await t.connection.redis.hset(
    `${t.connection.prefix}:transfers:${transferId}`,
    'returnvalue',
    '{"models":7}',
  )

  for (const view of [await t.queue.status(transferId), ...(await t.queue.list())])
    expect(view).toMatchObject({
      ...{ transferId, status: 'ERROR', result: undefined },
      failedReason: expect.stringMatching(/^STATE_UNREADABLE: /),
    })
  expect(await t.finished((await t.queue.retry(transferId)).transferId)).toMatchObject({ status: 'SUCCESS' })
  await t.close()
})
