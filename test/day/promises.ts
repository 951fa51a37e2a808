import type { Day } from './day.ts'
import { modelStretches, mostAtOnce, transferStretches, wrongOf } from './ledger.ts'
import { KEPT_TRANSFERS, LIMITS } from './plan.ts'
import { classesOf, minutes, quantile, unpaused, waitsOf } from './waits.ts'

const MINUTE_MS = 60_000
const MIB = 2 ** 20

/**
 * Nobody waits longer for a start, in minutes of the day, but behind a transfer or a pause of his own; and nobody is overtaken by
 * one that came so much later. The second holds on a machine of any speed, whose backlog after a full hour decides the first.
 */
const LONGEST = { waitMinutes: 180, overtakenMinutes: 30 } as const

/** Times by which a class may wait longer than all, by the 99th percentile, and minutes that are no matter. */
const UNFAIR = { times: 3, minutes: 5 } as const

/** What a worker's heap after a collection, and its memory as the system sees it, may have grown by from the sixth hour to the end. */
const GROWTH = { times: 1.2, heapBytes: 4 * MIB, rssBytes: 24 * MIB } as const

/** Most sentences of a kind. */
const MAX_TOLD = 10

/** What is not as promised, in sentences. */
export function problemsOf(day: Day): readonly string[] {
  const { ledger, leftJobs } = day
  const wrong = wrongOf(ledger.transfers)
  return [
    ...wrong.slice(0, MAX_TOLD),
    ...(wrong.length > MAX_TOLD ? [`${wrong.length - MAX_TOLD} more like these`] : []),
    ...ledger.troubles.slice(0, MAX_TOLD),
    ...(leftJobs > 0 ? [`${leftJobs} jobs are left in the queues`] : []),
    ...starvedOf(day),
    ...limitsBrokenBy(day),
    ...growths(day).flatMap(({ text, isFlat }) => (isFlat ? [] : [`a worker’s memory grows: ${text}`])),
    ...keptTooLong(day),
  ]
}

function starvedOf(day: Day): readonly string[] {
  const [all, ...classes] = classesOf(unpaused(waitsOf(day))).map(({ name, waits }) => {
    const beyond = waits.map(({ beyondOwnMs }) => beyondOwnMs)
    const overtaken = waits.map(({ overtakenMs }) => overtakenMs)
    return {
      name,
      p99: quantile(beyond, 0.99),
      longest: quantile(beyond, 1),
      overtaken: quantile(overtaken, 1),
    }
  })
  if (!all) return []
  const bound = all.p99 * UNFAIR.times + UNFAIR.minutes * MINUTE_MS
  const unfair = classes.filter(({ p99 }) => p99 > bound)
  return [
    ...(all.longest > LONGEST.waitMinutes * MINUTE_MS
      ? [
          `a transfer waited ${minutes(all.longest)} min for its start, more than ${LONGEST.waitMinutes}; a slow machine needs more --minutes`,
        ]
      : []),
    ...(all.overtaken > LONGEST.overtakenMinutes * MINUTE_MS
      ? [`a transfer waited while one that came ${minutes(all.overtaken)} min later was started`]
      : []),
    ...unfair.map(
      ({ name, p99 }) =>
        `transfers of the class “${name}” wait ${minutes(p99)} min, all ${minutes(all.p99)} (p99)`,
    ),
  ]
}

function limitsBrokenBy(day: Day): readonly string[] {
  const peaks = peaksOf(day)
  return (['transfers', 'destination', 'workgroup'] as const).flatMap(kind =>
    peaks[kind] > LIMITS[kind] ? [`${kind}: ${peaks[kind]} at once, the limit is ${LIMITS[kind]}`] : [],
  )
}

/** Kinds of keys that there are more of than jobs are kept for, or destinations are there. */
function keptTooLong({ keys, destinations }: Day): readonly string[] {
  return Object.entries(keys).flatMap(([kind, count]) => {
    const isOfJob = /^day:(transfers|models):…/.test(kind)
    // Those that ended well and those that failed are counted apart.
    const bound = isOfJob ? KEPT_TRANSFERS * 2 : destinations.size
    return count > bound ? [`${count} keys ${kind} are left in Redis, more than ${bound}`] : []
  })
}

/** Most that ran at once. */
export function peaksOf({ ledger }: Day) {
  const transfers = [...ledger.transfers.values()]
  return {
    transfers: mostAtOnce(transferStretches(transfers)),
    destination: mostAtOnce(modelStretches(transfers, ({ name }) => name)),
    workgroup: mostAtOnce(modelStretches(transfers, ({ workgroup }) => workgroup)),
    all: mostAtOnce(modelStretches(transfers, () => 'all')),
  }
}

/** What became of a worker's memory. */
export interface Growth {
  readonly text: string
  readonly isFlat: boolean
}

/** How each worker's memory went on from the sixth hour: the last sample against the first, and the least-squares slope of the heap. */
export function growths({ samples }: Day): readonly Growth[] {
  const later = samples.slice(6)
  return (samples[0]?.workers ?? []).map((_, index) => {
    const memory = later.flatMap(({ workers }) => workers[index] ?? [])
    const heaps = memory.map(({ heapBytes }) => heapBytes)
    const sizes = memory.map(({ rssBytes }) => rssBytes)
    const slope = `${(slopeOf(heaps) / 1024).toFixed(1)} KiB an hour`
    return {
      text: `heap ${fromTo(heaps, 1)} MiB, ${slope}, RSS ${fromTo(sizes, 0)} MiB`,
      isFlat: isFlat(heaps, GROWTH.heapBytes) && isFlat(sizes, GROWTH.rssBytes),
    }
  })
}

function fromTo(sizes: readonly number[], digits: number): string {
  return [sizes[0], sizes.at(-1)].map((size = 0) => (size / MIB).toFixed(digits)).join(' → ')
}

function isFlat(sizes: readonly number[], moreBytes: number): boolean {
  const [first = 0] = sizes
  return (sizes.at(-1) ?? 0) <= first * GROWTH.times + moreBytes
}

function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const [products, squares] = values.reduce(
    ([products, squares], value, index) => [
      products + (index - middle) * (value - mean),
      squares + (index - middle) ** 2,
    ],
    [0, 0],
  )
  return products / Math.max(squares, 1)
}
