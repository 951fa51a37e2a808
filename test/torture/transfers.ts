import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadRecord } from '../../src/domain/load-record.ts'
import type { TransferStatus, TransferType } from '../../src/domain/transfer.ts'
import { newTransferId } from '../../src/domain/transfer-id.ts'
import { connectRedis } from '../../src/queue/connection.ts'
import { createJournalStore } from '../../src/queue/journal-store.ts'
import { openQueues } from '../../src/queue/queues.ts'
import { transferQueueOn } from '../../src/queue/transfer-queue.ts'
import type { TransferView } from '../../src/queue/transfer-view.ts'

/** The producer's side: what was asked for, and what became of it. */
export interface Transfers {
  /** Asks for a transfer of all models, unless the destination has enough of them open. */
  ask(destination: string, type: TransferType): Promise<void>
  /** Resolves once every transfer that was asked for has ended, with the time that it took in milliseconds. */
  settle(limitMs: number): Promise<number>
  /** One transfer of each destination, to its end. */
  once(destinations: readonly string[], limitMs: number): Promise<readonly TransferView[]>
  /** How many ended how, so far. */
  readonly ended: ReadonlyMap<TransferStatus, number>
  /** The loads that are open, to be gone on with by whoever comes next. */
  openLoads(): Promise<readonly LoadRecord[]>
  close(): Promise<void>
}

/** Open transfers of one destination: one that runs and two that wait behind it. */
const MOST_OPEN = 3

const LOOK_MS = 500

/** Opens it on Redis itself, by no lane: it is not under torture, but lives through each crash of Redis. */
export async function openTransfers(redisUrl: string): Promise<Transfers> {
  const connection = await connectRedis({ redisUrl, prefix: 'athena-transfer' })
  const queues = openQueues(connection)
  const queue = transferQueueOn(connection, queues)
  const journals = createJournalStore(connection)
  const open = new Map<string, string>()
  const ended = new Map<TransferStatus, number>()
  const look = async (): Promise<void> => {
    for (const transferId of open.keys()) {
      const { status } = await queue.status(transferId)
      if (status === 'PENDING' || status === 'RUNNING') continue
      open.delete(transferId)
      ended.set(status, (ended.get(status) ?? 0) + 1)
    }
  }
  const enqueue = async (destination: string, type: TransferType): Promise<string> => {
    const transferId = newTransferId()
    open.set(transferId, destination)
    await queue.enqueue({ destination, type, transferId })
    return transferId
  }
  const settle = async (limitMs: number): Promise<number> => {
    const startedMs = performance.now()
    for (;;) {
      await look()
      const tookMs = performance.now() - startedMs
      if (open.size === 0) return tookMs
      if (tookMs > limitMs) throw new Error(`still open after ${limitMs} ms: ${[...open.keys()].join(', ')}`)
      await sleep(LOOK_MS)
    }
  }
  return {
    ended,
    settle,
    async ask(destination, type) {
      await look()
      const waiting = [...open.values()].filter(name => name === destination)
      if (waiting.length < MOST_OPEN) await enqueue(destination, type)
    },
    async once(destinations, limitMs) {
      const ids = await Promise.all(destinations.map(name => enqueue(name, 'incremental')))
      await settle(limitMs)
      return Promise.all(ids.map(queue.status))
    },
    async openLoads() {
      const { tables } = await journals.open()
      const kept = await Promise.all(tables.map(journals.read))
      return kept.flatMap(({ entry }) => (entry && 'load' in entry.position ? [entry.position.load] : []))
    },
    close: queue.close,
  }
}
