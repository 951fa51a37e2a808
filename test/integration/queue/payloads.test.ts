import { globSync, readFileSync } from 'node:fs'
import { Queue } from 'bullmq'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis } from '../../../src/queue/connection.ts'
import { createJournalStore } from '../../../src/queue/journal-store.ts'
import { takeTable } from '../../../src/transfer/journal.ts'
import { startQueue, succeeded } from '../../support/queue-under-test.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const FOLDER = new URL('payloads/', import.meta.url)

const jobSchema = z.object({
  queue: z.enum(['transfers', 'models']),
  jobId: z.string(),
  name: z.string(),
  data: z.looseObject({ version: z.literal(1), transferId: z.string() }),
  opts: z.looseObject({}),
})

/** A job as a worker or producer of version 1 left it in Redis. */
function readJob(file: string) {
  return jobSchema.parse(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')))
}

it('takes the transfers of version 1 as they lie in Redis', async () => {
  const seen: unknown[] = []
  const t = await startQueue(redis.url, async ({ model, type, window }) => {
    seen.push({ model, type, window })
    return succeeded(model)
  })
  const { redis: connection, prefix } = t.connection
  const queue = new Queue('transfers', { connection, prefix })
  const views = []
  for (const file of ['transfer.json', 'transfer-of-window.json']) {
    const { jobId, name, data, opts } = readJob(file)
    await queue.add(name, data, { ...opts, jobId })
    views.push(await t.finished(jobId))
  }

  expect(views.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS'])
  expect(seen).toEqual([
    { model: expect.any(String), type: 'incremental' },
    { model: expect.any(String), type: 'incremental' },
    {
      model: 'a',
      type: 'backfill',
      window: { from: '2026-01-01T00:00:00.000000Z', to: '2026-01-02T00:00:00.000000Z' },
    },
  ])
  await t.close()
})

it('goes on with a transfer whose models a worker of version 1 has put into the queue', async () => {
  const seen: string[] = []
  const t = await startQueue(
    redis.url,
    async ({ model }) => {
      seen.push(model)
      return succeeded(model)
    },
    {},
    0,
  )
  const { redis: connection, prefix } = t.connection
  const transfers = new Queue('transfers', { connection, prefix })
  const models = new Queue('models', { connection, prefix })
  const transfer = readJob('transfer-fanned-out.json')
  const { data, opts, jobId } = readJob('model.json')
  await transfers.add(transfer.name, transfer.data, { ...transfer.opts, jobId: transfer.jobId })
  const parent = { id: transfer.jobId, queue: `${prefix}:transfers` }
  const asked = { ...opts, parent, ignoreDependencyOnFailure: true }
  const otherId = `${transfer.jobId}.${Buffer.from('b').toString('base64url')}`
  await models.add('a', data, { ...asked, jobId })
  await models.add('b', { ...data, model: 'b' }, { ...asked, jobId: otherId })
  await t.addWorker()
  const view = await t.finished(transfer.jobId)

  expect(opts).toMatchObject({ idof: true, parent: { id: transfer.jobId } })
  expect(view).toMatchObject({ status: 'SUCCESS', result: { models: [{ model: 'a' }, { model: 'b' }] } })
  expect(seen.sort()).toEqual(['a', 'b'])
  await t.close()
})

it('reads a journal of version 1 and takes its table over', async () => {
  const connection = await connectRedis({ redisUrl: redis.url, prefix: `t${newTransferId()}` })
  const text = readFileSync(new URL('journal-loading.json', FOLDER), 'utf8')
  const { stamp, entry } = z
    .object({ stamp: z.string(), entry: z.looseObject({ transferId: z.string() }) })
    .parse(JSON.parse(text))
  const key = `${connection.prefix}:journal:acme:invoices`
  await connection.redis.hset(key, { stamp, entry: JSON.stringify(entry), leaseEnd: '0' })
  const table = { destination: 'acme', table: 'invoices' }
  const store = createJournalStore(connection)
  const before = await store.read(table)
  const taken = await takeTable(store, table, entry.transferId, async () => {
    throw new Error('expected the journal to be known')
  })

  expect(before.entry).toEqual(entry)
  if ('outcome' in taken) throw new Error('expected the load to be open')
  expect(taken.entry()).toMatchObject({
    epoch: 2,
    position: { state: 'loading', queryExecutionId: '11111111-2222-4333-8444-555555555555' },
  })
  connection.redis.disconnect()
})

it('every payload on file is read by a test', () => {
  const source = readFileSync(new URL(import.meta.url), 'utf8')

  for (const file of globSync('*.json', { cwd: FOLDER })) expect(source).toContain(`'${file}'`)
})
