import type { Day } from './day.ts'
import type { SeenTransfer } from './ledger.ts'
import { FREQUENCIES, SIZES } from './plan.ts'

const MINUTE_MS = 60_000

/** How long a transfer had to wait for its start, in milliseconds, since the first request for it was due. */
export interface Wait {
  readonly transfer: SeenTransfer
  readonly startedMs: number
  readonly waitedMs: number
  /** Without the time in which an earlier transfer of the destination ran. */
  readonly beyondOwnMs: number
  /** How much later the latest came that started before it; 0 when none did. */
  readonly overtakenMs: number
}

/** Waits of all transfers that were started, in the order of their starts. */
export function waitsOf(day: Day): readonly Wait[] {
  const lastFinishedMs = new Map<string, number>()
  let latestMs = 0
  const started = [...day.ledger.transfers.values()].flatMap(transfer =>
    transfer.startedMs === undefined ? [] : [{ transfer, startedMs: transfer.startedMs }],
  )
  started.sort((left, right) => left.startedMs - right.startedMs)
  return started.map(({ transfer, startedMs }) => {
    const dueMs = Math.min(...transfer.dueMs)
    const { name } = transfer.destination
    const freeMs = Math.max(dueMs, lastFinishedMs.get(name) ?? 0)
    lastFinishedMs.set(name, transfer.finishedMs ?? startedMs)
    const overtakenMs = Math.max(0, latestMs - freeMs)
    latestMs = Math.max(latestMs, dueMs)
    return {
      ...{ transfer, startedMs, waitedMs: startedMs - dueMs },
      ...{ beyondOwnMs: startedMs - freeMs, overtakenMs },
    }
  })
}

/** Those that no pause held back. */
export function unpaused(waits: readonly Wait[]): readonly Wait[] {
  return waits.filter(({ transfer }) => transfer.destination.nature !== 'denied')
}

/** Waits that belong together. */
export interface WaitClass {
  readonly name: string
  readonly waits: readonly Wait[]
}

/** By how often they come, and by how many models they have. */
export function classesOf(waits: readonly Wait[]): readonly WaitClass[] {
  const byFrequency = FREQUENCIES.map(({ everyMinutes }) => ({
    name: `every ${everyMinutes < 60 ? `${everyMinutes} min` : `${everyMinutes / 60} h`}`,
    waits: waits.filter(({ transfer }) => transfer.destination.everyMinutes === everyMinutes),
  }))
  const bySize = SIZES.map((from, index) => {
    const below = SIZES[index + 1] ?? Number.POSITIVE_INFINITY
    const isOf = (count: number): boolean => count >= from && count < below
    return {
      name: below === Number.POSITIVE_INFINITY ? `${from} models or more` : `${from} to ${below - 1} models`,
      waits: waits.filter(({ transfer }) => isOf(transfer.destination.models.length)),
    }
  })
  return [{ name: 'all', waits }, ...byFrequency, ...bySize]
}

/** The value that so much of all does not pass; 0 of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

/** Minutes of the day, to a tenth. */
export function minutes(ms: number): string {
  return (ms / MINUTE_MS).toFixed(1)
}
