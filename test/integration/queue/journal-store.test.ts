import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cleaned, loading, staged, submitted } from '../../../src/domain/journal.ts'
import type { LoadRecord } from '../../../src/domain/load-record.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis, type QueueConnection } from '../../../src/queue/connection.ts'
import { createJournalStore } from '../../../src/queue/journal-store.ts'
import { type HeldJournal, type JournalStore, takeTable } from '../../../src/transfer/journal.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'

let redis: RunningRedis
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

const load: LoadRecord = {
  id: 'a1',
  model: 'Invoices',
  transferType: 'incremental',
  database: 's',
  table: 'invoices',
  steps: [{ step: 'load', sql: 'MERGE …' }],
  staging: { table: '_s', location: 's3://b/s/staging/', columns: [{ name: 'id', type: 'bigint' }] },
  files: [{ key: 'k', rowCount: 1, bytes: 2, sha256: 'x', etag: 'y' }],
  rowCount: 1,
  bytes: 2,
  rejectedRowCount: 0,
  isUnchanged: false,
  splits: [],
  notices: [],
  renamedColumns: [],
  tableRecords: {
    changed: { location: 's3://b/s/t', columns: [], dropped: [], meeting: '' },
    unchanged: { location: 's3://b/s/t', columns: [], dropped: [], meeting: '' },
  },
  state: { digest: '1:2' },
  watermarkKind: 'timestamp',
}
const outcome = {
  model: 'Invoices',
  table: 'invoices',
  status: 'SUCCESS' as const,
  rowCount: 1,
  rejectedRowCount: 0,
  fileCount: 1,
  stagedBytes: 2,
  isUnchanged: false,
  changedRowCount: 1,
  scannedBytes: 3,
  statementCount: 1,
  splits: [],
  notices: [],
}

/** A store of its own prefix, with the connection that it uses. */
async function open() {
  const connection = await connectRedis({ redisUrl: redis.url, prefix: `t${newTransferId()}` })
  const table = { destination: 'acme', table: 'invoices' }
  return { connection, store: createJournalStore(connection), table, close: () => end(connection) }
}

/** Nothing else has to be looked at before a table of these tests is taken. */
const isNew = async (): Promise<void> => {}

function end({ redis: client }: QueueConnection): void {
  client.disconnect()
}

function held(taken: Awaited<ReturnType<typeof takeTable>>): HeldJournal {
  if ('outcome' in taken) throw new Error('expected the table to be free')
  return taken
}

const swapped: LoadRecord = {
  ...load,
  steps: [{ step: 'shadow', sql: 'CREATE …' }, { step: 'mark' }, ...load.steps, { step: 'swap' }],
  swap: {
    shadowTable: '_shadow',
    location: 's3://b/s/t2',
    layout: '[[],[]]',
    targetVersionId: '7',
    note: { key: 'n', body: '{}' },
    fallback: { steps: load.steps, splits: [], tableRecords: load.tableRecords },
  },
}
const windowed: LoadRecord = {
  ...load,
  window: { from: '2026-01-01', to: '2026-01-02' },
  tableRecords: { held: { location: 'l', columns: [], dropped: [], meeting: '', watermark: null } },
}

it.each([
  ['a load', load],
  ['a load by swap', swapped],
  ['the load of a window', windowed],
])('keeps each position of %s as it was written, and lists tables whose load is open', async (_, one) => {
  const { store, table, close } = await open()
  const journal = held(await takeTable(store, table, 't1', isNew))
  await journal.move(staged(journal.entry(), one))
  await journal.move(submitted(loading(journal.entry()), 'q-1'))

  expect((await store.read(table)).entry).toEqual(journal.entry())
  expect(await store.open()).toEqual({ tables: [table], problems: [] })
  await journal.move(cleaned(journal.entry(), undefined))
  expect(await store.open()).toEqual({ tables: [], problems: [] })
  close()
})

it('lets a zombie change nothing once another attempt has the table', async () => {
  const { store, table, close } = await open()
  const zombie = held(await takeTable(store, table, 't1', isNew))
  const successor = held(await takeTable(store, table, 't1', isNew))

  await expect(zombie.move(staged(zombie.entry(), load))).rejects.toMatchObject({ code: 'SUPERSEDED' })
  expect(await store.renew(table, zombie.attempt, 1_000)).toBe(false)
  expect((await store.read(table)).entry).toEqual(successor.entry())
  close()
})

it('one of many attempts that take a table at once has it', async () => {
  const { store, table, close } = await open()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => takeTable(store, table, `t${index}`, isNew)),
  )

  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const one of outcomes)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'TARGET_BUSY' })
  close()
})

it('frees a table when its lease ends, and not before', async () => {
  const { store, table, close } = await open()
  const first = held(await takeTable(store, table, 't1', isNew))
  await expect(takeTable(store, table, 't2', isNew)).rejects.toMatchObject({ code: 'TARGET_BUSY' })
  await store.renew(table, first.attempt, 50)
  await sleep(80)

  expect(held(await takeTable(store, table, 't2', isNew)).entry()).toMatchObject({
    transferId: 't2',
    epoch: first.entry().epoch + 1,
  })
  close()
})

it('counts takers on when the journal was lost, so that one who slept is known to be older', async () => {
  const { connection, store, table, close } = await open()
  await takeTable(store, table, 't1', isNew)
  const before = held(await takeTable(store, table, 't1', isNew))
  await sleep(20)
  await connection.redis.del(`${connection.prefix}:journal:${table.destination}:${table.table}`)
  const after = held(await takeTable(store, table, 't2', isNew))

  await expect(before.move(staged(before.entry(), load))).rejects.toMatchObject({ code: 'SUPERSEDED' })
  expect(after.entry().epoch).toBeGreaterThan(before.entry().epoch)
  close()
})

it('counts a transition whose reply was lost as done when it is asked for again', async () => {
  const { store, table, close } = await open()
  const { entry } = held(await takeTable(store, table, 't1', isNew))
  const before = entry()
  const next = staged(before, load)

  expect(await store.replace(table, before, next, 1_000)).toBe(true)
  expect(await store.replace(table, before, next, 1_000)).toBe(true)
  close()
})

it('tells what a load did to an attempt that comes after its end', async () => {
  const { store, table, close } = await open()
  const journal = held(await takeTable(store, table, 't1', isNew))
  await journal.move(staged(journal.entry(), { ...load, steps: [] }))
  await journal.move(cleaned(journal.entry(), outcome))

  expect(await takeTable(store, table, 't1', isNew)).toEqual({ outcome })
  close()
})

it('an attempt that was not told whether the journal moved does not move it on', async () => {
  const { store, table, close } = await open()
  let isLost = false
  const losing: JournalStore = {
    ...store,
    replace: async (...move) => {
      const isKept = await store.replace(...move)
      if (isLost) throw new Error('the reply was lost')
      return isKept
    },
  }
  const journal = held(await takeTable(losing, table, 't1', isNew))
  await journal.move(staged(journal.entry(), load))
  isLost = true
  await expect(journal.move(loading(journal.entry()))).rejects.toThrow('the reply was lost')
  isLost = false

  await expect(journal.move(cleaned(journal.entry(), undefined))).rejects.toMatchObject({
    code: 'SUPERSEDED',
  })
  expect((await store.read(table)).entry?.position.state).toBe('loading')
  close()
})
