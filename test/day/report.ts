import Table from 'cli-table3'
import type { Day } from './day.ts'
import type { SeenTransfer } from './ledger.ts'
import { LIMITS } from './plan.ts'
import { growths, peaksOf } from './promises.ts'
import { classesOf, minutes, quantile, unpaused, type Wait, waitsOf } from './waits.ts'

const HOUR_MS = 3_600_000
const MIB = 2 ** 20

/** How many times as long as it had to a transfer ran: at best all its places are always taken, by its longest model at least. */
function stretchOf({ destination, models, startedMs = 0, finishedMs = 0 }: SeenTransfer): number {
  const lengths = [...models.values()].map(({ startsMs, endsMs }) =>
    startsMs.reduce((sum, startMs, run) => sum + (endsMs[run] ?? startMs) - startMs, 0),
  )
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const least = Math.max(total / Math.min(LIMITS.destination, destination.models.length), ...lengths)
  return (finishedMs - startedMs) / Math.max(least, 1)
}

/** All that is to be told of a day. Minutes and hours are the day's, seconds and milliseconds the machine's. */
export function report(day: Day): string {
  return [waitTable(day), memoryTable(day), facts(day)].join('\n')
}

function waitTable(day: Day): string {
  const table = new Table({
    head: [
      'minutes until the start',
      'transfers',
      'p50',
      'p99',
      'max',
      'max with own transfers before it',
      'overtaken by, p99',
      'max',
      'ran × least possible, p50',
      'p99',
    ],
    style: { head: [], border: [] },
  })
  for (const { name, waits } of classesOf(unpaused(waitsOf(day)))) {
    const beyond = waits.map(({ beyondOwnMs }) => beyondOwnMs)
    const overtaken = waits.map(({ overtakenMs }) => overtakenMs)
    const stretches = waits.map(({ transfer }) => stretchOf(transfer))
    table.push([
      name,
      waits.length,
      ...[0.5, 0.99, 1].map(part => minutes(quantile(beyond, part))),
      minutes(
        quantile(
          waits.map(({ waitedMs }) => waitedMs),
          1,
        ),
      ),
      ...[0.99, 1].map(part => minutes(quantile(overtaken, part))),
      ...[0.5, 0.99].map(part => quantile(stretches, part).toFixed(1)),
    ])
  }
  return table.toString()
}

function memoryTable(day: Day): string {
  const workers = day.samples[0]?.workers ?? []
  const table = new Table({
    head: [
      'at',
      'open transfers',
      'oldest waiting, min',
      ...workers.map((_, index) => `worker ${index + 1} heap / RSS, MiB`),
      'Redis MiB',
      'Redis keys',
    ],
    style: { head: [], border: [] },
  })
  const waits = unpaused(waitsOf(day))
  for (const [index, sample] of day.samples.entries()) {
    const since = day.samples[index - 1]?.atMs ?? sample.atMs
    table.push([
      sample.label,
      sample.open,
      minutes(oldestWaiting(waits, since, sample.atMs)),
      ...sample.workers.map(
        ({ heapBytes, rssBytes }) => `${(heapBytes / MIB).toFixed(1)} / ${Math.round(rssBytes / MIB)}`,
      ),
      (sample.redisBytes / MIB).toFixed(1),
      sample.redisKeys,
    ])
  }
  return table.toString()
}

/** The greatest age that a waiting transfer had at any time between two. */
function oldestWaiting(waits: readonly Wait[], fromMs: number, toMs: number): number {
  const ages = waits.map(({ startedMs, beyondOwnMs }) =>
    startedMs < fromMs ? 0 : Math.min(startedMs, toMs) - (startedMs - beyondOwnMs),
  )
  return ages.reduce((most, age) => Math.max(most, age), 0)
}

function facts(day: Day): string {
  const { ledger, flatOut } = day
  const transfers = [...ledger.transfers.values()]
  const statuses = Object.entries(Object.groupBy(transfers, ({ ends }) => ends[0]?.status ?? 'NOT ENDED'))
  const waits = waitsOf(day)
  const oldest = unpaused(waits).reduce((most, wait) => (wait.beyondOwnMs > most.beyondOwnMs ? wait : most))
  const paused = waits.filter(({ transfer }) => transfer.destination.nature === 'denied')
  const runs = transfers.flatMap(({ models }) => [...models.values()].map(({ startsMs }) => startsMs.length))
  const runCount = runs.reduce((sum, count) => sum + count, 0)
  const lastMs = Math.max(...transfers.map(({ finishedMs = 0 }) => finishedMs))
  const seconds = (lastMs - day.startMs) / 1_000 / day.options.factor
  const peaks = peaksOf(day)
  return [
    `destinations ${day.destinations.size}; requests ${day.requestCount}, transfers ${transfers.length}: ${statuses.map(([status, ended]) => `${status} ${ended?.length}`).join(', ')}`,
    `models run ${runCount} times, ${runs.filter(count => count > 1).length} of them throttled and tried again; ${(transfers.length / seconds).toFixed(1)} transfers and ${(runCount / seconds).toFixed(1)} models a second`,
    `flat out, with models that take no time: ${flatOut.transfersPerSecond.toFixed(0)} transfers and ${flatOut.modelsPerSecond.toFixed(0)} models a second; enqueuing p50 ${quantile(day.enqueueMs, 0.5).toFixed(1)} ms, p99 ${quantile(day.enqueueMs, 0.99).toFixed(1)} ms`,
    `oldest waiting transfer: ${minutes(oldest.beyondOwnMs)} min at ${((oldest.startedMs - day.startMs) / HOUR_MS).toFixed(1)} h (${oldest.transfer.destination.name}); at the end ${day.leftJobs} jobs waiting, all done ${minutes(day.drainMs)} min after the day`,
    `of destinations that are paused again and again, transfers waited ${minutes(
      quantile(
        paused.map(wait => wait.waitedMs),
        0.5,
      ),
    )} min by the median, ${minutes(
      quantile(
        paused.map(wait => wait.waitedMs),
        1,
      ),
    )} at most (${paused.length})`,
    `at once: transfers of a destination ${peaks.transfers} (limit ${LIMITS.transfers}), models of a destination ${peaks.destination} (${LIMITS.destination}), of a workgroup ${peaks.workgroup} (${LIMITS.workgroup}), in all ${peaks.all}`,
    `memory of each worker from 6 h on: ${growths(day)
      .map(({ text }) => text)
      .join('; ')}`,
    `keys at the end: ${Object.entries(day.keys)
      .sort(([, left], [, right]) => right - left)
      .slice(0, 14)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')}`,
    `errors that workers met: ${ledger.errors.length}${ledger.errors
      .slice(0, 3)
      .map(message => `; ${message}`)
      .join('')}`,
  ].join('\n')
}
