/** `npm run bench -- staging`: ratios of one run against a baseline, as a table and as JSON. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { table } from '../../src/cli/output.ts'
import { createCustomer } from '../support/customer.ts'
import { startStandIn } from '../support/stand-in.ts'
import { benchFile } from './billing-rows.ts'

const ROWS = 1_000_000

/** Rows staged before measuring, so that code is loaded. */
const WARM_UP_ROWS = 1000

/** Rows of the baseline, whose time grows with them alone. */
const BASELINE_ROWS = 100_000

/** What must hold: rows per CPU-second against parquetjs-lite, peak memory, event-loop delay. */
const TARGETS = { ratio: 15, peakBytes: 512 * 1024 * 1024, eventLoopP99Ms: 50 } as const

/** Runs of ours, a tenth as long as the baseline's one each; the one with the median of CPU seconds counts. */
const RUNS = 5

const run = promisify(execFile)

/** The run of median CPU, with the worst memory and event-loop delay of all. */
function medianRun(runs: readonly Record<string, number>[]): Record<string, number> {
  const sorted = runs.toSorted((left, right) => (left.cpuSeconds ?? 0) - (right.cpuSeconds ?? 0))
  const worst = (name: string): number => Math.max(...runs.map(each => each[name] ?? 0))
  return {
    ...sorted[Math.floor(runs.length / 2)],
    peakBytes: worst('peakBytes'),
    eventLoopP99Ms: worst('eventLoopP99Ms'),
  }
}

async function measure(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Record<string, number>> {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const { stdout } = await run(process.execPath, [path, ...args], { env: { ...process.env, ...env } })
  return JSON.parse(stdout)
}

async function benchStaging(): Promise<boolean> {
  const path = await benchFile(ROWS)
  const standIn = await startStandIn()
  try {
    const customer = await createCustomer(standIn)
    const keys = await customer.createUser('bench')
    const credentials = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey }
    const args = [path, await benchFile(WARM_UP_ROWS), customer.bucket, customer.region, standIn.url]
    const runs: Record<string, number>[] = []
    while (runs.length < RUNS) runs.push(await measure('stage-rows.ts', args, credentials))
    const ours = medianRun(runs)
    const theirs = await measure('parquetjs-rows.ts', [path, String(BASELINE_ROWS)])
    return report(ours, theirs)
  } finally {
    await standIn.stop()
  }
}

function report(ours: Record<string, number>, theirs: Record<string, number>): boolean {
  const ourRate = (ours.rows ?? 0) / (ours.cpuSeconds ?? 1)
  const theirRate = (theirs.rows ?? 0) / (theirs.cpuSeconds ?? 1)
  const ratio = ourRate / theirRate
  const peakBytes = ours.peakBytes ?? Number.POSITIVE_INFINITY
  const eventLoopP99Ms = ours.eventLoopP99Ms ?? Number.POSITIVE_INFINITY
  const holds =
    ours.rows === ROWS &&
    ratio >= TARGETS.ratio &&
    peakBytes < TARGETS.peakBytes &&
    eventLoopP99Ms < TARGETS.eventLoopP99Ms
  console.log(
    table(
      ['staging, NDJSON file to objects in S3', 'measured', 'target'],
      [
        ['rows', String(ours.rows), String(ROWS)],
        ['rows per CPU-second', ourRate.toFixed(0), ''],
        ['parquetjs-lite, rows per CPU-second', theirRate.toFixed(0), ''],
        ['ratio', ratio.toFixed(1), `>= ${TARGETS.ratio}`],
        ['wall seconds', (ours.wallSeconds ?? 0).toFixed(1), ''],
        [
          'peak memory, worker and encoder, MiB',
          (peakBytes / 2 ** 20).toFixed(0),
          `< ${TARGETS.peakBytes / 2 ** 20}`,
        ],
        ['event-loop delay p99, ms', eventLoopP99Ms.toFixed(1), `< ${TARGETS.eventLoopP99Ms}`],
      ],
    ),
  )
  console.log(JSON.stringify({ bench: 'staging', ratio, ourRate, theirRate, ...ours, holds }))
  return holds
}

const benches: Readonly<Record<string, () => Promise<boolean>>> = { staging: benchStaging }
const name = process.argv[2] ?? 'staging'
const bench = benches[name]
if (!bench) throw new Error(`no bench "${name}"; there are: ${Object.keys(benches).join(', ')}`)
process.exit((await bench()) ? 0 : 1)
