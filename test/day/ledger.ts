import type { DayDestination } from './plan.ts'
import { scriptOf } from './plan.ts'
import type { Told } from './told.ts'

/** A stretch of time, by the fast clock. */
export interface Stretch {
  readonly startMs: number
  readonly endMs: number
}

/** A transfer as it was seen. */
export interface SeenTransfer {
  readonly destination: DayDestination
  /** When each request was due that became it: one, or more that merged with it. */
  readonly dueMs: number[]
  /** When it began to run its first model, and when its last one had ended. */
  startedMs?: number
  finishedMs?: number
  readonly ends: { readonly status: string; readonly atMs: number }[]
  readonly models: Map<string, { readonly startsMs: number[]; readonly endsMs: number[] }>
}

/** All that was seen of a day. */
export interface Ledger {
  readonly transfers: ReadonlyMap<string, SeenTransfer>
  /** What should not have happened, in the workers' words. */
  readonly troubles: readonly string[]
  /** Workers' errors that need not mean anything. */
  readonly errors: readonly string[]
  /** Notes that a request was put into the queue, as the transfer or as a part of it. */
  enqueued(transferId: string, destination: DayDestination, dueMs: number): void
  told(told: Told): void
  /** Transfers that did not end yet. */
  openCount(): number
}

/** An empty ledger. */
export function createLedger(): Ledger {
  const transfers = new Map<string, SeenTransfer>()
  const troubles: string[] = []
  const errors: string[] = []
  /** Of transfers whose enqueuing is not noted yet: workers may be faster. */
  const early = new Map<string, Told[]>()
  const note = (told: Told): void => {
    if (told.kind === 'trouble') troubles.push(told.message)
    if (told.kind === 'error') errors.push(told.message)
    if (!('transferId' in told)) return
    const transfer = transfers.get(told.transferId)
    if (transfer) noteOf(transfer, told)
    else early.set(told.transferId, [...(early.get(told.transferId) ?? []), told])
  }
  return {
    transfers,
    troubles,
    errors,
    told: note,
    openCount: () => transfers.values().reduce((open, { ends }) => open + (ends.length === 0 ? 1 : 0), 0),
    enqueued: (transferId, destination, dueMs) => {
      const known = transfers.get(transferId)
      if (known) return void known.dueMs.push(dueMs)
      transfers.set(transferId, { destination, dueMs: [dueMs], ends: [], models: new Map() })
      for (const told of early.get(transferId) ?? []) note(told)
      early.delete(transferId)
    },
  }
}

function noteOf(transfer: SeenTransfer, told: Told & { readonly transferId: string }): void {
  if (told.kind === 'transfer finished') transfer.finishedMs = told.atMs
  if (told.kind === 'transfer ended') transfer.ends.push(told)
  if (told.kind !== 'model started' && told.kind !== 'model ended') return
  const seen = transfer.models.get(told.model) ?? { startsMs: [], endsMs: [] }
  transfer.models.set(told.model, seen)
  if (told.kind === 'model ended') return void seen.endsMs.push(told.atMs)
  seen.startsMs.push(told.atMs)
  transfer.startedMs = Math.min(transfer.startedMs ?? Number.POSITIVE_INFINITY, told.atMs)
}

/** What is wrong with what the transfers did, in sentences; none when each ran once, and whole. */
export function wrongOf(transfers: ReadonlyMap<string, SeenTransfer>): readonly string[] {
  return [...transfers].flatMap(([id, transfer]) => {
    const { ends, destination, models } = transfer
    const name = `${id} of ${destination.name}`
    if (ends.length !== 1) return [`${name} ended ${ends.length} times`]
    const status = ends[0]?.status
    const expected = statusOf(destination)
    const wrong = status === expected ? [] : [`${name} ended as ${status}, not as ${expected}`]
    for (const model of destination.models) {
      const { throttled } = scriptOf(destination, id, model)
      const runs = models.get(model)?.startsMs.length ?? 0
      if (runs !== throttled + 1) wrong.push(`${name} ran ${model} ${runs} times, not ${throttled + 1}`)
    }
    return wrong
  })
}

function statusOf({ nature, models }: DayDestination): string {
  if (nature === 'denied') return 'ERROR'
  if (nature !== 'partly') return 'SUCCESS'
  return models.length === 1 ? 'ERROR' : 'PARTIAL_FAILURE'
}

/** Stretches in which models ran, by what `keyOf` says of their destination. */
export function modelStretches(
  transfers: Iterable<SeenTransfer>,
  keyOf: (destination: DayDestination) => string,
): ReadonlyMap<string, readonly Stretch[]> {
  const stretches = new Map<string, Stretch[]>()
  for (const { destination, models } of transfers)
    for (const { startsMs, endsMs } of models.values())
      add(
        stretches,
        keyOf(destination),
        startsMs.map((startMs, run) => ({ startMs, endMs: endsMs[run] ?? startMs })),
      )
  return stretches
}

/** Stretches in which transfers ran, by their destination. */
export function transferStretches(
  transfers: Iterable<SeenTransfer>,
): ReadonlyMap<string, readonly Stretch[]> {
  const stretches = new Map<string, Stretch[]>()
  for (const { destination, startedMs, finishedMs } of transfers)
    if (startedMs !== undefined && finishedMs !== undefined)
      add(stretches, destination.name, [{ startMs: startedMs, endMs: finishedMs }])
  return stretches
}

function add(stretches: Map<string, Stretch[]>, key: string, more: readonly Stretch[]): void {
  const known = stretches.get(key)
  if (known) known.push(...more)
  else stretches.set(key, [...more])
}

/** Most that were at once, of any key. */
export function mostAtOnce(stretches: ReadonlyMap<string, readonly Stretch[]>): number {
  return Math.max(0, ...stretches.values().map(peakOf))
}

/** One that ends in the millisecond in which another begins is not at once with it. */
function peakOf(stretches: readonly Stretch[]): number {
  const steps = stretches.flatMap(({ startMs, endMs }) => [
    { atMs: startMs, by: 1 },
    { atMs: endMs, by: -1 },
  ])
  steps.sort((left, right) => left.atMs - right.atMs || left.by - right.by)
  let now = 0
  let most = 0
  for (const { by } of steps) {
    now += by
    most = Math.max(most, now)
  }
  return most
}
