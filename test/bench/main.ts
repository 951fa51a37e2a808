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

/** What must hold: rows per CPU-second against parquetjs-lite, peak memory, event-loop delay. */
const TARGETS = { ratio: 15, peakBytes: 512 * 1024 * 1024, eventLoopP99Ms: 50 } as const

/**
 * Pairs of one run of ours over all rows and one of the baseline over its part of them, as long as each other within a few
 * times: a machine's speed drifts by half within minutes, and hits both of a pair. The baseline's parts make up all rows.
 */
const PAIRS = 5

const run = promisify(execFile)

interface Pair {
  readonly ours: Record<string, number>
  readonly theirs: Record<string, number>
}

const rate = (measured: Record<string, number>): number => (measured.rows ?? 0) / (measured.cpuSeconds ?? 1)
const ratioOf = ({ ours, theirs }: Pair): number => rate(ours) / rate(theirs)

/** The pair of median ratio, with the worst memory and event-loop delay of all. */
function medianPair(pairs: readonly Pair[]): Pair {
  const sorted = pairs.toSorted((left, right) => ratioOf(left) - ratioOf(right))
  const median = sorted[Math.floor(pairs.length / 2)]
  if (!median) throw new Error('nothing was measured')
  const worst = (name: string): number => Math.max(...pairs.map(({ ours }) => ours[name] ?? 0))
  const ours = { ...median.ours, peakBytes: worst('peakBytes'), eventLoopP99Ms: worst('eventLoopP99Ms') }
  return { ...median, ours }
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
    const pairs: Pair[] = []
    const partRows = ROWS / PAIRS
    for (let part = 0; part < PAIRS; part++) {
      const ours = await measure('stage-rows.ts', args, credentials)
      const theirs = await measure('parquetjs-rows.ts', [await benchFile(partRows, part * partRows)])
      pairs.push({ ours, theirs })
    }
    return report(pairs)
  } finally {
    await standIn.stop()
  }
}

function report(pairs: readonly Pair[]): boolean {
  const { ours, theirs } = medianPair(pairs)
  const ratio = ratioOf({ ours, theirs })
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
        ['rows per CPU-second', rate(ours).toFixed(0), ''],
        ['parquetjs-lite, rows per CPU-second', rate(theirs).toFixed(0), ''],
        [`ratio, median of ${PAIRS} pairs`, ratio.toFixed(1), `>= ${TARGETS.ratio}`],
        ['ratios of the pairs', pairs.map(pair => ratioOf(pair).toFixed(1)).join(' '), ''],
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
  console.log(
    JSON.stringify({
      bench: 'staging',
      ratio,
      ratios: pairs.map(ratioOf),
      ourRate: rate(ours),
      theirRate: rate(theirs),
      ...ours,
      holds,
    }),
  )
  return holds
}

const benches: Readonly<Record<string, () => Promise<boolean>>> = { staging: benchStaging }
const name = process.argv[2] ?? 'staging'
const bench = benches[name]
if (!bench) throw new Error(`no bench "${name}"; there are: ${Object.keys(benches).join(', ')}`)
process.exit((await bench()) ? 0 : 1)
