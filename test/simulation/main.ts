import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type Batch, type BatchReport, planOf } from './batch.ts'
import { type RunPlan, type RunReport, simulate } from './run.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    faults: { type: 'string', default: '4' },
    /** Runs one seed again and tells each of its steps. */
    replay: { type: 'string' },
    transfers: { type: 'string' },
    /** Tells the first failing run as it is. */
    'no-shrink': { type: 'boolean', default: false },
  },
})

const faults = Number(values.faults)

async function replay(seed: number): Promise<number> {
  const { transfers = planOf(seed, faults).transfers } = values
  const report = await simulate({ seed, faults, transfers: Number(transfers) })
  console.log(report.trace.join('\n'))
  console.log(report.violation ?? 'no violation')
  return report.violation === undefined ? 0 : 1
}

/** Runs on every core for the time given, and tells what was run; the smallest failing run where one was found. */
async function runMany(): Promise<number> {
  const first = Number(values.seed)
  const stride = availableParallelism()
  const batches = Array.from({ length: stride }, (_, index) =>
    inThread({ first: first + index, stride, seconds: Number(values.seconds), faults }),
  )
  const reports = await Promise.all(batches)
  const failing = reports.find(report => report.failing)?.failing
  if (failing)
    return tellViolation(values['no-shrink'] ? failing : await shrink(failing.plan, failing.report))
  const sum = (name: string): number => reports.reduce((total, { totals }) => total + (totals[name] ?? 0), 0)
  const runs = reports.reduce((total, report) => total + report.runs, 0)
  const told = [
    `seed ${first}: ${runs} runs`,
    `${sum('steps')} interleaved steps`,
    `${sum('transfers')} transfers`,
    `${sum('executions')} executions`,
    `kills ${sum('kills')}`,
    `lost replies ${sum('lostReplies')}`,
    `refusals ${sum('refusals')}`,
    `expired leases ${sum('expiredLeases')}`,
    `redeliveries ${sum('redeliveries')}`,
    `lost stores ${sum('lostStores')}`,
    'violations 0',
  ]
  console.log(`simulation, ${told.join(', ')}`)
  return 0
}

async function inThread(batch: Batch): Promise<BatchReport> {
  const worker = new Worker(new URL('./batch.ts', import.meta.url), { workerData: batch })
  const [report] = await once(worker, 'message')
  return report
}

interface Failing {
  readonly plan: RunPlan
  readonly report: RunReport
}

/** The shortest run near the seed, with fewer faults and transfers, that still breaks a promise. */
async function shrink(plan: RunPlan, report: RunReport): Promise<Failing> {
  let shortest: Failing = { plan, report }
  for (const smaller of smallerPlans(plan)) {
    const found = await simulate(smaller)
    if (found.violation !== undefined && found.trace.length < shortest.report.trace.length)
      shortest = { plan: smaller, report: found }
  }
  return shortest
}

/** Seeds that are tried at each size. */
const SEEDS_A_SIZE = 200

function* smallerPlans({ seed, faults: most, transfers: all }: RunPlan): Generator<RunPlan> {
  for (let transfers = 1; transfers <= all; transfers++)
    for (let fewer = 0; fewer <= most; fewer++)
      for (let near = 0; near < SEEDS_A_SIZE; near++) yield { seed: seed + near, faults: fewer, transfers }
}

function tellViolation({ plan, report }: Failing): number {
  const { seed, transfers } = plan
  console.log(report.trace.join('\n'))
  console.log(`simulation: VIOLATION: ${report.violation}`)
  console.log(
    `again: npm run test:simulation -- --replay ${seed} --faults ${plan.faults} --transfers ${transfers}`,
  )
  return 1
}

process.exitCode = values.replay === undefined ? await runMany() : await replay(Number(values.replay))
