import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { createCircuitStore } from '../../../src/queue/circuit-store.ts'
import type { QueueConnection } from '../../../src/queue/connection.ts'
import { createDestinationLine } from '../../../src/queue/destination-line.ts'
import { createJournalStore } from '../../../src/queue/journal-store.ts'
import { takeTurn } from '../../../src/queue/lease.ts'
import { createModelStateStore } from '../../../src/queue/model-state-store.ts'
import { createOpenRequests } from '../../../src/queue/open-requests.ts'
import { createSlots } from '../../../src/queue/slots.ts'
import { takeTable } from '../../../src/transfer/journal.ts'

/**
 * All places of Redis, keys with their fields and members, that are touched for one table of one destination; by the product's own
 * stores under a prefix of their own, which is left out.
 */
export async function touchEveryStore(
  { redis }: QueueConnection,
  [destination, table]: readonly [string, string],
): Promise<ReadonlySet<string>> {
  const prefix = `p${newTransferId()}`
  const connection = { redis, prefix }
  const transferId = newTransferId()
  const line = createDestinationLine(connection)
  const requests = createOpenRequests(connection)
  const reason = { code: 'ACCESS_DENIED', message: 'm', hint: 'h' } as const
  await takeTable(createJournalStore(connection), { destination, table }, transferId, async () => {})
  await createModelStateStore(connection).replace(destination, table, { watermark: '1' })
  await createCircuitStore(connection).afterTransfer(
    destination,
    { transferId, verdict: { kind: 'fails', reason } },
    { pauseAfter: 1, pauseMs: 60_000 },
  )
  await line.enter({ destination, transferId, enqueuedMs: 1 }, 1)
  await line.enter({ destination, transferId: newTransferId(), enqueuedMs: 2 }, 1)
  await requests.claim({ destination, transferId })
  await requests.join({ destination, transferId, type: 'incremental', models: [table] }, 'queue')
  await takeTurn(connection, `sweep:${destination}`, 60_000)
  const scope = { name: `destination:${destination}`, limit: 1 }
  const taken = await createSlots(connection, { leaseMs: 60_000 }).take(`${transferId}.${table}`, [scope])
  await createSlots(connection, { leaseMs: 60_000 }).take(`other.${table}`, [scope])
  const places = await placesBelow(redis, prefix)
  if ('release' in taken) await taken.release()
  return places
}

async function placesBelow(redis: QueueConnection['redis'], prefix: string): Promise<ReadonlySet<string>> {
  const places = new Set<string>()
  for (const key of await redis.keys(`${prefix}:*`)) {
    const name = key.slice(prefix.length + 1)
    const kind = await redis.type(key)
    const parts = kind === 'hash' ? await redis.hkeys(key) : kind === 'set' ? await redis.smembers(key) : ['']
    for (const part of parts) places.add(JSON.stringify([name, part]))
  }
  return places
}
