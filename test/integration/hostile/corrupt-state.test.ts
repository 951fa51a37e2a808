import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LoadRecord } from '../../../src/domain/load-record.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { createCircuitStore } from '../../../src/queue/circuit-store.ts'
import { abandonedTables } from '../../../src/queue/janitor.ts'
import { createJournalStore, openEntries } from '../../../src/queue/journal-store.ts'
import { takeTurn, withLease } from '../../../src/queue/lease.ts'
import { createModelStateStore } from '../../../src/queue/model-state-store.ts'
import { createRateLimiter } from '../../../src/queue/rate-limiter.ts'
import { createSlots } from '../../../src/queue/slots.ts'
import { takeTable } from '../../../src/transfer/journal.ts'
import { startQueue, succeeded } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const TABLE = { destination: 'acme', table: 'invoices' }

const load: LoadRecord = {
  ...{ id: 'a1', model: 'Invoices', transferType: 'incremental', database: 's', table: 'invoices' },
  steps: [{ step: 'load', sql: 'MERGE …' }],
  staging: { table: '_s', location: 's3://b/s/staging/', columns: [{ name: 'id', type: 'bigint' }] },
  files: [{ key: 'k', rowCount: 1, bytes: 2, sha256: 'x', etag: 'y' }],
  ...{ rowCount: 1, bytes: 2, rejectedRowCount: 0, isUnchanged: false, splits: [], notices: [] },
  ...{ renamedColumns: [], tableRecords: {}, state: {}, watermarkKind: 'timestamp' },
}

const entry = {
  ...{ version: 1, transferId: newTransferId(), attempt: 'a1', epoch: 3, revision: 7 },
  position: { state: 'loading', load, step: 0, group: 1, queryExecutionId: 'q-1', done: [] },
}

/** Texts that are no entry: cut anywhere, with a member gone or of another type, any JSON, any text, very long. */
const damagedEntries = fc.oneof(
  fc.nat({ max: JSON.stringify(entry).length - 2 }).map(length => JSON.stringify(entry).slice(0, length + 1)),
  fc
    .constantFrom('version', 'transferId', 'attempt', 'epoch', 'revision', 'position')
    .map(name => JSON.stringify({ ...entry, [name]: undefined })),
  fc
    .tuple(
      fc.constantFrom('transferId', 'attempt', 'epoch', 'position'),
      fc.constantFrom(null, [], {}, -1, 1.5, true),
    )
    .filter(([name, value]) => !(name === 'epoch' && value === 3))
    .map(([name, value]) => JSON.stringify({ ...entry, [name]: value })),
  fc
    .constantFrom('steps', 'files', 'state', 'rowCount', 'database')
    .map(name =>
      JSON.stringify({ ...entry, position: { ...entry.position, load: { ...load, [name]: null } } }),
    ),
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.constant('x'.repeat(5_000_000)),
  fc.constant(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
)

/** A queue whose models take the table of their transfer in its journal, as `transferModel` does first of all. */
async function startJournaled() {
  const t = await startQueue(redis.url, async ({ destination, model, transferId }) => {
    const store = createJournalStore(t.connection)
    await takeTable(store, { destination, table: model }, transferId, async () => {})
    return succeeded(model)
  })
  const key = `${t.connection.prefix}:journal:acme:invoices`
  return { ...t, key, store: createJournalStore(t.connection), client: t.connection.redis }
}

it('a journal that is damaged is told by its key, stays as it is, and holds up no other table', async () => {
  const { store, key, client, close } = await startJournaled()
  await fc.assert(
    fc.asyncProperty(damagedEntries, async text => {
      await client.hset(key, { stamp: 'a1 7', entry: text, leaseEnd: '0' })
      const failure = await store.read(TABLE).catch((thrown: unknown) => thrown)

      expect(failure).toMatchObject({ code: 'STATE_UNREADABLE', owner: 'operator', details: { key } })
      expect(String(failure).length).toBeLessThan(600)
      expect(await client.hget(key, 'entry')).toBe(text)
    }),
    { numRuns: 150, examples: [[''], ['null'], ['{}'], ['{"version":1}']] },
  )
  await close()
})

it.each<[string, Record<string, string>]>([
  ['an entry without its stamp', { entry: JSON.stringify(entry) }],
  ['a stamp without its entry', { stamp: 'a1 7' }],
  ['a stamp of another revision', { stamp: 'a1 8', entry: JSON.stringify(entry) }],
  [
    'an entry of another table',
    {
      stamp: 'a1 7',
      entry: JSON.stringify({
        ...entry,
        position: { ...entry.position, load: { ...load, table: 'other' } },
      }),
    },
  ],
])(
  'a model that finds %s in its journal fails at once with whose move it is, and the others are loaded',
  async (_, kept) => {
    const { queue, key, client, finished, close } = await startJournaled()
    await client.hset(key, kept)
    const { transferId } = await queue.enqueue({ destination: 'acme', models: ['invoices', 'customers'] })
    const view = await finished(transferId)

    expect(view.status).toBe('PARTIAL_FAILURE')
    expect(view.result?.models.find(({ model }) => model === 'customers')?.status).toBe('SUCCESS')
    expect(view.result?.models.find(({ model }) => model === 'invoices')?.error).toMatchObject({
      ...{ code: 'STATE_UNREADABLE', owner: 'operator', retryable: false, details: { key } },
      hint: expect.stringContaining('Restore the named key'),
    })
    expect(await client.hgetall(key)).toEqual(kept)
    await client.del(key)
    const again = await finished((await queue.retry(transferId)).transferId)
    expect(again).toMatchObject({ status: 'SUCCESS', models: [{ model: 'invoices' }] })
    await close()
  },
)

it('a journal of a newer version says so, and that the worker is to be updated', async () => {
  const { store, key, client, close } = await startJournaled()
  await client.hset(key, { stamp: 'a1 7', entry: JSON.stringify({ ...entry, version: 2, more: {} }) })

  await expect(store.read(TABLE)).rejects.toMatchObject({
    code: 'STATE_UNREADABLE',
    message: `Redis key ${key}: version 2 was written by a newer worker; this one reads 1`,
    hint: expect.stringContaining('Update this worker'),
  })
  await close()
})

it.each(['1e300', '-1e300', 'nan', 'inf', 'soon', '9999999999999'])(
  'a lease that ends at "%s" holds up no load',
  async leaseEnd => {
    const { store, key, client, close } = await startJournaled()
    await client.hset(key, { stamp: 'a1 7', entry: JSON.stringify(entry), leaseEnd })

    expect(await store.read(TABLE)).toMatchObject({ leaseLeftMs: 0, entry: { attempt: 'a1' } })
    await close()
  },
)

it('upkeep passes over journals that cannot be read and names them, and nothing is swept while one may be open', async () => {
  const { queues, store, key, client, connection, close } = await startJournaled()
  const open = `${connection.prefix}:journals-open`
  await client.hset(key, { stamp: 'a1 7', entry: '{"version":1,', leaseEnd: '0' })
  const other = { ...entry, position: { ...entry.position, load: { ...load, table: 'customers' } } }
  await client.hset(`${connection.prefix}:journal:acme:customers`, {
    ...{ stamp: 'a1 7', entry: JSON.stringify(other), leaseEnd: '0' },
  })
  await client.sadd(open, JSON.stringify(['acme', 'invoices']), JSON.stringify(['acme', 'customers']))
  await client.sadd(open, 'no JSON', '["acme"]', 'null')
  const { tables, problems } = await abandonedTables(queues, store)

  expect(tables).toEqual([{ destination: 'acme', table: 'customers' }])
  expect(problems.map(({ code }) => code)).toEqual(Array(4).fill('STATE_UNREADABLE'))
  expect(problems.map(({ details }) => details.key).sort()).toEqual([key, open, open, open].sort())
  await expect(openEntries(store, 'beta')).rejects.toMatchObject({ code: 'STATE_UNREADABLE' })
  await client.srem(open, 'no JSON', '["acme"]', 'null')
  await expect(openEntries(store, 'acme')).rejects.toMatchObject({ code: 'STATE_UNREADABLE' })
  expect(await openEntries(store, 'beta')).toEqual([])
  await close()
})

it('a model state that is damaged counts as none: it is read again, and a later state takes its place', async () => {
  const t = await startQueue(redis.url, async ({ model }) => succeeded(model))
  const key = `${t.connection.prefix}:model-states:acme`
  const store = createModelStateStore(t.connection)
  const next = { watermark: '2026-01-02T00:00:00.000000Z', epoch: 2 }
  const texts = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('null', '[]', '7', '{"epoch":"9"}', '{"watermark":7}', `{"epoch":${'9'.repeat(400)}`),
    fc.constant('{"watermark":"zzzz"}'),
    fc.constant(`{"watermark":"${'9'.repeat(1_000_000)}"}`),
    fc.constant(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  )
  await fc.assert(
    fc.asyncProperty(texts, async text => {
      await t.connection.redis.hset(key, 'invoices', text)
      await store.read('acme', 'invoices')
      await store.list('acme')
      await store.write('acme', 'invoices', next, 'timestamp')

      expect(await store.read('acme', 'invoices')).toEqual(next)
    }),
    { numRuns: 150 },
  )
  await t.close()
})

it('a destination’s pause that is damaged holds up no transfer, and is not shown', async () => {
  const t = await startQueue(redis.url, async ({ model }) => succeeded(model))
  const circuits = createCircuitStore(t.connection)
  const key = `${t.connection.prefix}:circuits`
  const reason = { code: 'ACCESS_DENIED', message: 'm', hint: 'h' }
  const paused = { failures: 3, lastTransferId: 't', reason, pausedUntilMs: Date.now() + 60_000 }
  const texts = [
    ...['', 'null', '{', '[]', '1', JSON.stringify({ ...paused, failures: 'three' })],
    JSON.stringify({ ...paused, reason: { ...reason, code: 'constructor' } }),
    JSON.stringify({ ...paused, pausedUntilMs: 1e300 }),
    JSON.stringify({ ...paused, pausedUntilMs: 9_999_999_999_999 }),
    JSON.stringify({ ...paused, pausedUntilMs: -1 }),
    JSON.stringify({ ...paused, pausedUntilMs: 1, probe: { transferId: 'x', untilMs: 8e15 } }),
    'x'.repeat(1_000_000),
  ]
  for (const text of texts) {
    await t.connection.redis.hset(key, 'acme', text)
    expect(await circuits.paused()).toEqual([])
    expect(await circuits.admit('acme', newTransferId())).toMatchObject({ admitted: true })
  }
  await t.connection.redis.hset(key, 'acme', JSON.stringify(paused))
  expect(await circuits.paused()).toMatchObject([{ destination: 'acme', reason }])
  await t.close()
})

it.each([
  ['circuits', 'list'],
  ['running-transfers:acme', 'string'],
  ['waiting-transfers:acme', 'string'],
  ['open-transfers:acme', 'string'],
  ['journal:acme:a', 'list'],
])(
  'a key %s of another kind fails its transfer by name, and once it is gone `retry` loads',
  async (name, kind) => {
    const { queue, client, connection, finished, close } = await startJournaled()
    const key = `${connection.prefix}:${name}`
    const spoil = () => (kind === 'list' ? client.rpush(key, 'x') : client.set(key, 'x'))
    const request = { destination: 'acme', models: ['a'], priority: 1 }
    await spoil()
    const { transferId } = await queue.enqueue(request)
    const view = await finished(transferId)
    const told = view.failedReason ?? view.result?.models[0]?.error?.message

    expect(view.status).toBe('ERROR')
    expect(told).toContain(key)
    expect(view.failedReason ?? 'STATE_UNREADABLE').toMatch(/^STATE_UNREADABLE/)
    await client.del(key)
    expect(await finished((await queue.retry(transferId)).transferId)).toMatchObject({ status: 'SUCCESS' })
    await close()
  },
)

it('leases, turns, rates and slots that were damaged are free again, and cost nobody a place for good', async () => {
  const t = await startQueue(redis.url, async ({ model }) => succeeded(model))
  const { redis: client, prefix } = t.connection
  await client.set(`${prefix}:lease:janitor`, 'for ever')
  await client.rpush(`${prefix}:turn:sweep:acme`, 'for ever')
  await client.zadd(`${prefix}:slots:destination:acme`, '1e300', 'a', '+inf', 'b')
  const rate = { perSecond: 1000, burst: 10 }
  const limiter = createRateLimiter(t.connection)
  const slots = createSlots(t.connection, { leaseMs: 60_000 })
  const beganMs = performance.now()
  for (const value of ['1e300', 'nan', 'inf', '-inf', 'soon', '9'.repeat(1000)]) {
    await client.set(`${prefix}:rate:a`, value)
    await limiter.turn({ scope: 'a', rate })
  }

  expect(performance.now() - beganMs).toBeLessThan(3_000)
  expect(await withLease(t.connection, 'janitor', async () => 'done')).toBe('done')
  expect(await takeTurn(t.connection, 'sweep:acme', 60_000)).toBe(true)
  expect(await takeTurn(t.connection, 'sweep:acme', 60_000)).toBe(false)
  expect(await slots.take('c', [{ name: 'destination:acme', limit: 1 }])).not.toHaveProperty('crowd')
  await client.del(`${prefix}:slots:destination:acme`)
  await client.set(`${prefix}:slots:destination:acme`, 'x')
  await expect(slots.take('d', [{ name: 'destination:acme', limit: 1 }])).rejects.toMatchObject({
    code: 'STATE_UNREADABLE',
  })
  await t.close()
})
