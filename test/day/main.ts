/**
 * A day of 10,000 destinations in minutes: the product's queue on a real Redis and worker processes, all on a clock that is
 * faster, so that every time of the product (retries, leases, pauses, delays) has its own length of the day. What a model
 * does to AWS is only as long as it would be.
 *
 * `--minutes N` is how long the day takes, `--destinations N`, `--workers N`, `--concurrency N` models a worker, `--seed N`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { liveDay } from './day.ts'
import { buildFastClock } from './fast-clock.ts'
import { problemsOf } from './promises.ts'
import { report } from './report.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    destinations: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '40' },
  },
})

const DAY_MINUTES = 1440

/** Starts this program anew on the fast clock. */
async function onFastClock(factor: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'day-'))
  try {
    const env = { ...process.env, ...(await buildFastClock(factor, folder)) }
    const args = [...process.argv.slice(1), '--seed', values.seed]
    const child = spawn(process.execPath, args, { stdio: 'inherit', env })
    process.once('exit', () => child.kill())
    const [code] = await once(child, 'exit')
    return Number(code ?? 1)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The day itself; false when something was not as promised. */
async function runDay(factor: number): Promise<boolean> {
  console.log(`a day in ${values.minutes} minutes, ${factor} times as fast; seed ${values.seed}`)
  const day = await liveDay({
    factor,
    seed: Number(values.seed),
    destinations: Number(values.destinations),
    workers: Number(values.workers),
    concurrency: Number(values.concurrency),
  })
  console.log(report(day))
  const problems = problemsOf(day)
  for (const problem of problems) console.log(`NOT AS PROMISED: ${problem}`)
  return problems.length === 0
}

const factor = Math.round(DAY_MINUTES / Number(values.minutes))
process.exitCode =
  process.env.DAY_FACTOR === undefined ? await onFastClock(factor) : (await runDay(factor)) ? 0 : 1
