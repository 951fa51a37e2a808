import type { AbortReason } from '../../src/domain/abort-reason.ts'
import { destinationSchema } from '../../src/domain/destination.ts'
import { TransferError, toTransferError } from '../../src/domain/errors.ts'
import { type Model, modelSchema } from '../../src/domain/model.ts'
import type { TransferType } from '../../src/domain/transfer.ts'
import { transferModel } from '../../src/transfer/transfer-model.ts'
import { createAthena, type Fate, type SimulatedAthena } from './athena.ts'
import { checkComplete, createTarget, type Rules, Violation } from './invariants.ts'
import { createRandom, type Random } from './random.ts'
import {
  createScheduler,
  type Faults,
  type Process,
  type Scheduler,
  type Tally,
  type Trace,
} from './scheduler.ts'
import { createSource } from './source.ts'
import { depsOf, noteLoad, readStaged, TARGET_LOCATION, type World } from './world.ts'

/** What decides a run, wholly: the same plan gives the same run. */
export interface RunPlan {
  readonly seed: number
  /** Things that may break. */
  readonly faults: number
  /** Transfers before the last one, which runs in quiet. */
  readonly transfers: number
}

/** What a run did. */
export interface RunReport {
  readonly tally: Tally
  readonly transfers: number
  readonly executions: number
  /** The promise that was broken; undefined when none was. */
  readonly violation: string | undefined
  readonly trace: Trace
}

interface Job {
  readonly transferId: string
  readonly type: TransferType
  attempts: number
  isCancelled: boolean
  /** Put back for later, as its table was another's. */
  isDelayed: boolean
  /** Who has it; the queue believes one worker only. */
  holder: { readonly process: Process; readonly controller: AbortController } | undefined
  isOver: boolean
}

/** Attempts that the queue gives a job, those that wait for a table aside. */
const MAX_ATTEMPTS = 5

/** Turns after which a run that does not end is broken too. */
const MAX_TURNS = 20_000

/** Runs several transfers of one model against imitations of everything, in an order and with faults that the seed decides. */
export async function simulate(plan: RunPlan): Promise<RunReport> {
  const random = createRandom(plan.seed)
  const run = setUp(plan, random)
  try {
    await runTransfers(run, plan)
    checkComplete(run.world.target, run.world.source.rows(), run.world.rules)
    return report(run, undefined)
  } catch (thrown) {
    if (thrown instanceof Violation) return report(run, thrown.message)
    throw thrown
  }
}

interface Run {
  readonly world: World
  readonly scheduler: Scheduler
  readonly athena: SimulatedAthena
  readonly model: Model
  readonly random: Random
  readonly faults: Faults
  readonly jobs: Job[]
  readonly trace: Trace
  /** Violations found where nobody could throw them to the run. */
  readonly found: Violation[]
}

function report({ scheduler, athena, jobs, trace }: Run, violation: string | undefined): RunReport {
  const { tally } = scheduler
  return { tally, transfers: jobs.length, executions: athena.executionCount(), violation, trace }
}

function setUp(plan: RunPlan, random: Random): Run {
  const rules = rulesOf(random)
  const faults: Faults = { left: plan.faults }
  const trace: Trace = []
  const jobs: Job[] = []
  const found: Violation[] = []
  const scheduler = createScheduler({
    random,
    faults,
    trace,
    lostReply: name => new TransferError('AWS_UNAVAILABLE', `${name}: no answer`),
    onKill: process => {
      for (const job of jobs) if (job.holder?.process === process) job.holder = undefined
    },
  })
  const world: World = {
    objects: new Map(),
    stagedSets: new Map(),
    tables: new Map(),
    databases: new Set(),
    states: new Map(),
    journal: { entry: undefined, leaseEndMs: 0 },
    source: createSource(rules.writeMode === 'append'),
    target: createTarget(rules),
    rules,
    lastLoad: undefined,
    nowMs: 0,
  }
  const athena = createAthena(
    {
      target: world.target,
      createTarget: () =>
        void world.tables.set('things', { location: TARGET_LOCATION, parameters: {}, createdMs: 0 }),
      hasTarget: () => world.tables.has('things'),
      readStaged: table => readStaged(world, table),
      loaded: table => noteLoad(world, table),
    },
    fateOf(scheduler, random, faults, () => world.nowMs),
    violation => found.push(violation),
  )
  return { world, scheduler, athena, model: modelOf(rules), random, faults, jobs, trace, found }
}

function rulesOf(random: Random): Rules {
  const writeMode = (['merge', 'append', 'overwrite'] as const)[random.below(3)] ?? 'merge'
  return { writeMode, hasCursor: random.chance(0.6), deletes: writeMode !== 'append' && random.chance(0.5) }
}

function modelOf({ writeMode, hasCursor, deletes }: Rules): Model {
  return modelSchema.parse({
    name: 'things',
    source: 'files',
    files: { path: 'things.ndjson' },
    writeMode,
    ...(writeMode === 'append' ? {} : { primaryKey: ['id'] }),
    ...(hasCursor ? { cursor: 'at' } : {}),
    ...(deletes ? { deletes: { column: 'deleted' } } : {}),
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'version', type: 'bigint' },
      { name: 'at', type: 'bigint' },
      { name: 'deleted', type: 'boolean' },
    ],
  })
}

function fateOf(scheduler: Scheduler, random: Random, faults: Faults, nowMs: () => number): Fate {
  const process: Process = { name: 'Athena', isMortal: false, isAlive: true }
  const strikes = (probability: number): boolean => {
    if (faults.left === 0 || !random.chance(probability)) return false
    faults.left -= 1
    return true
  }
  return {
    pause: () => scheduler.pause(process),
    requeues: () => random.chance(0.1),
    queueLength: () => (random.chance(0.2) ? 1 + random.below(60) : 1),
    misfortune: () =>
      strikes(0.1) ? (['conflict', 'throttled', 'stopped'] as const)[random.below(3)] : undefined,
    mayStop: random.chance(0.5),
    nowMs,
  }
}

async function runTransfers(run: Run, plan: RunPlan): Promise<void> {
  const { world, random, scheduler, athena, jobs, faults } = run
  for (let id = 0; id < 3; id++) world.source.change(id, false)
  for (let turn = 0; !isOver(run, plan); turn++) {
    if (turn > MAX_TURNS) throw new Violation('the run does not come to its end')
    if (jobs.length < plan.transfers && random.chance(0.02)) enqueue(run)
    if (jobs.length <= plan.transfers && random.chance(0.06)) change(run)
    if (random.chance(0.3)) deliver(run)
    if (faults.left > 0) disturb(run)
    world.nowMs += random.below(1000)
    athena.endOverdue()
    await scheduler.step()
    if (run.found[0]) throw run.found[0]
  }
}

/** True at the end; before, once all else is over, the last transfer begins in quiet. */
function isOver(run: Run, plan: RunPlan): boolean {
  const { jobs, athena, faults } = run
  if (jobs.length < plan.transfers || !jobs.every(job => job.isOver)) return false
  if (jobs.length === plan.transfers) {
    faults.left = 0
    enqueue(run, 'incremental')
    return false
  }
  return athena.isIdle()
}

function enqueue({ jobs, random }: Run, type?: TransferType): void {
  const chosen = type ?? (random.chance(0.15) ? 'full-refresh' : 'incremental')
  const transferId = `t${jobs.length}`.padEnd(26, '0')
  jobs.push({
    transferId,
    type: chosen,
    attempts: 0,
    isCancelled: false,
    isDelayed: false,
    holder: undefined,
    isOver: false,
  })
}

function change({ world, random }: Run): void {
  world.source.change(random.below(5), random.chance(0.25))
}

/** Workers at a time; as many models of a run can be under way, zombies aside. */
const WORKERS = 2

function deliver(run: Run): void {
  const busy = run.jobs.filter(job => job.holder).length
  const waiting = run.jobs.filter(job => !job.isOver && !job.holder)
  const job = waiting[run.random.below(waiting.length)]
  if (!job || busy >= WORKERS) return
  job.isDelayed &&= !run.random.chance(0.05)
  if (!job.isDelayed) start(run, job)
}

function start(run: Run, job: Job): void {
  const process: Process = {
    name: `worker ${run.trace.length} of ${job.transferId.slice(0, 2)}`,
    isMortal: true,
    isAlive: true,
  }
  const holder = { process, controller: new AbortController() }
  job.holder = holder
  void work(run, job, holder)
}

async function work(run: Run, job: Job, holder: NonNullable<Job['holder']>): Promise<void> {
  const { world, scheduler, athena, model } = run
  const { process, controller } = holder
  const deps = depsOf(world, process, { scheduler, athena, model })
  const { transferId, type } = job
  const transfer = { transferId, destination: 'acme', type }
  const isOurs = (): boolean => job.holder === holder
  try {
    if (job.isCancelled) throw new TransferError('CANCELLED', 'cancelled before it began')
    await transferModel(
      deps,
      { transfer, destination: DESTINATION, model },
      { signal: controller.signal, onProgress: () => {} },
    )
    if (isOurs()) job.isOver = true
  } catch (thrown) {
    if (thrown instanceof Violation) run.found.push(thrown)
    const cause = thrown instanceof Error ? thrown.cause : undefined
    if (cause instanceof Violation) run.found.push(cause)
    const error = toTransferError(thrown)
    run.trace.push(`${process.name} fails: ${error.code} ${error.message}`)
    if (isOurs()) verdict(job, error, controller.signal)
  }
  if (isOurs()) job.holder = undefined
}

/** What the queue makes of a failure. */
function verdict(job: Job, error: TransferError, signal: AbortSignal): void {
  job.isDelayed = error.code === 'TARGET_BUSY'
  if (job.isDelayed || signal.reason === 'shutdown') return
  job.attempts++
  if (!error.retryable || job.attempts >= MAX_ATTEMPTS) job.isOver = true
}

/** Longer than the product watches a statement, in milliseconds. */
const PAUSE_MS = 11 * 60_000

/** Breaks something that no single effect breaks. */
function disturb({ world, random, faults, jobs, scheduler, athena, trace }: Run): void {
  if (!random.chance(0.01)) return
  const active = jobs.filter(job => job.holder)
  const job = active[random.below(active.length)]
  faults.left -= 1
  // A worker that lives on beside the next one finds most.
  switch (random.below(8)) {
    case 0:
      scheduler.tally.expiredLeases++
      world.journal.leaseEndMs = 0
      trace.push('the lease runs out')
      break
    case 1:
    case 2:
    case 3:
      if (!job) break
      scheduler.tally.redeliveries++
      trace.push(`${job.transferId.slice(0, 2)} is delivered again; its worker lives on`)
      job.holder = undefined
      break
    case 4:
    case 5:
      if (!job) break
      job.isCancelled = random.chance(0.5)
      trace.push(`${job.transferId.slice(0, 2)} is ${job.isCancelled ? 'cancelled' : 'handed over'}`)
      job.holder?.controller.abort((job.isCancelled ? 'cancelled' : 'shutdown') satisfies AbortReason)
      break
    case 6:
      scheduler.tally.lostStores++
      world.states.clear()
      world.journal = { entry: undefined, leaseEndMs: 0 }
      world.lastLoad = undefined
      trace.push('Redis loses everything')
      break
    default:
      world.nowMs += PAUSE_MS
      athena.endOverdue()
      trace.push('eleven minutes pass')
  }
}

const DESTINATION = destinationSchema.parse({
  name: 'acme',
  bucket: 'acme-bucket',
  region: 'eu-west-1',
  database: 'd',
  schema: 's',
  access: { type: 'access-key', accessKeyId: 'env:UNUSED', secretAccessKey: 'env:UNUSED' },
})
