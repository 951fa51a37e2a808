/**
 * Random histories of a source, its model and its transfers: after each transfer the table is compared with an oracle,
 * and at the end one more transfer of the same source must cost nothing.
 *
 * `--seed N` repeats a run, `--runs N` sets how many histories, `--engine trino` runs the statements in a real Trino,
 * `--shrink` looks for the shortest history that differs.
 */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { z } from 'zod'
import { historyArbitrary } from './history.ts'
import { type Counts, play } from './play.ts'
import { startWorld } from './world.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '500' },
    engine: { type: 'string', default: 'duckdb' },
    shrink: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const engine = z.enum(['duckdb', 'trino']).parse(values.engine)

/** Histories under way at a time; each waits more than it computes. */
const LANES = 6

const startedMs = performance.now()
console.log(`seed ${seed}, engine ${engine}`)
const world = await startWorld(engine)
const counts: Counts = { histories: 0, transfers: 0, unchanged: 0, faults: 0, refused: 0 }
try {
  const numRuns = Math.ceil(Number(values.runs) / LANES)
  const property = fc.asyncProperty(historyArbitrary, async history => {
    await play(world, history, counts).catch((thrown: unknown) => {
      console.log(`after ${counts.histories} histories: ${thrown}`)
      throw thrown
    })
    if (counts.histories % 50 === 0) console.log(`${counts.histories} histories`)
  })
  const outcomes = await Promise.all(
    Array.from({ length: LANES }, (_, lane) =>
      fc.check(property, { numRuns, seed: seed + lane, endOnFailure: !values.shrink }),
    ),
  )
  const failures = outcomes.filter(outcome => outcome.failed)
  for (const failure of failures) console.log(`\nDIFFERENCE ${fc.defaultReportMessage(failure)}`)
  const { histories, transfers, unchanged, faults, refused } = counts
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(
    `${histories} histories, ${transfers} transfers: ${unchanged} found nothing new, ${faults} failed midway and were repeated, ${refused} were refused; differences: ${failures.length}, seed ${seed}, ${seconds} s`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await world.stop()
}
