import type { AthenaPort } from '../../src/query/athena-port.ts'
import { type Target, Violation } from './invariants.ts'
import type { Row } from './source.ts'
import { type Meaning, meaningOf } from './statements.ts'

type State = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

interface Execution {
  readonly id: string
  readonly sql: string
  readonly meaning: Meaning
  readonly startedMs: number
  state: State
  updateCount: number
  value: string | undefined
  failure: { readonly type: number; readonly reason: string; readonly isRetryable: boolean } | undefined
}

/** What executions read and change. */
export interface Storage {
  readonly target: Target
  /** Makes the target table, unless it is there. */
  createTarget(): void
  hasTarget(): boolean
  /** The staged rows behind a staging table. @throws {Violation} when the set is not whole. */
  readStaged(stagingTable: string): readonly Row[]
  /** Told of each load that was committed. @throws {Violation} */
  loaded(stagingTable: string): void
}

/** Chances that an execution meets, decided from outside. */
export interface Fate {
  /** Waits for the scheduler. */
  pause(): Promise<void>
  /** Ends an execution as Athena may: a conflict, throttling, a person's stop; undefined lets it be. */
  misfortune(): 'conflict' | 'throttled' | 'stopped' | undefined
  requeues(): boolean
  /** Scheduler's moments that an execution waits in the queue: one, or many where the workgroup is full. */
  queueLength(): number
  /** Whether the customer's policy lets us stop executions. */
  readonly mayStop: boolean
  nowMs(): number
}

/** How long Athena lets a statement last, waiting included, in milliseconds; the product counts on it. */
const LONGEST_MS = 30 * 60_000

/** An Athena whose executions go on while nobody looks. */
export interface SimulatedAthena {
  start(sql: string, token: string): string
  get(id: string): Awaited<ReturnType<AthenaPort['getQueryExecution']>>
  results(id: string): Awaited<ReturnType<AthenaPort['getQueryResults']>>
  stop(id: string): void
  /** Ends what has lasted longer than Athena lets statements last. */
  endOverdue(): void
  isIdle(): boolean
  executionCount(): number
}

/** An Athena over a storage; `onViolation` is told what an execution found broken. */
export function createAthena(
  storage: Storage,
  fate: Fate,
  onViolation: (violation: Violation) => void,
): SimulatedAthena {
  const executions = new Map<string, Execution>()
  const byToken = new Map<string, Execution>()
  const find = (id: string): Execution => {
    const found = executions.get(id)
    if (!found) throw new Error(`no execution ${id}`)
    return found
  }
  return {
    start: (sql, token) => {
      const joined = byToken.get(token)
      if (joined) {
        if (joined.sql === sql) return joined.id
        throw new Violation('another text was submitted under a used token')
      }
      const execution = newExecution(`q${executions.size + 1}`, sql, fate.nowMs())
      checkOnlyOne(executions.values(), execution)
      executions.set(execution.id, execution)
      byToken.set(token, execution)
      void run(execution, storage, fate).catch((thrown: unknown) => {
        onViolation(thrown instanceof Violation ? thrown : new Violation(String(thrown)))
      })
      return execution.id
    },
    get: id => ({ QueryExecution: shown(find(id)) }),
    results: id => {
      const { value, updateCount } = find(id)
      const Rows = [
        { Data: [{ VarCharValue: '_col0' }] },
        { Data: [value === undefined ? {} : { VarCharValue: value }] },
      ]
      return { UpdateCount: updateCount, ResultSet: { Rows } }
    },
    stop: id => {
      if (!fate.mayStop) throw new Error('not authorized to perform: athena:StopQueryExecution')
      const execution = find(id)
      if (isOpen(execution)) execution.state = 'CANCELLED'
    },
    endOverdue: () => {
      for (const execution of executions.values())
        if (isOpen(execution) && fate.nowMs() - execution.startedMs > LONGEST_MS)
          execution.state = 'CANCELLED'
    },
    isIdle: () => ![...executions.values()].some(isOpen),
    executionCount: () => executions.size,
  }
}

function newExecution(id: string, sql: string, startedMs: number): Execution {
  return {
    id,
    sql,
    meaning: meaningOf(sql),
    startedMs,
    state: 'QUEUED',
    updateCount: 0,
    value: undefined,
    failure: undefined,
  }
}

function isOpen({ state }: Execution): boolean {
  return state === 'QUEUED' || state === 'RUNNING'
}

/** A load is executed once: again only after the execution before has ended without it. */
function checkOnlyOne(before: Iterable<Execution>, { sql, meaning }: Execution): void {
  if (meaning.kind !== 'load') return
  for (const other of before)
    if (other.sql === sql && other.state !== 'FAILED' && other.state !== 'CANCELLED')
      throw new Violation(`a load was submitted again while its execution ${other.id} was ${other.state}`)
}

function shown({ id, state, failure }: Execution) {
  const AthenaError = failure && { ErrorCategory: 2, ErrorType: failure.type, Retryable: failure.isRetryable }
  return {
    QueryExecutionId: id,
    Status: {
      State: state,
      ...(failure ? { StateChangeReason: failure.reason, AthenaError } : {}),
    },
    Statistics: { DataScannedInBytes: 1 },
  }
}

async function run(execution: Execution, storage: Storage, fate: Fate): Promise<void> {
  for (let left = fate.queueLength(); left > 0 && isOpen(execution); left--) await fate.pause()
  if (!isOpen(execution)) return
  execution.state = 'RUNNING'
  if (fate.requeues()) {
    execution.state = 'QUEUED'
    await fate.pause()
    if (!isOpen(execution)) return
    execution.state = 'RUNNING'
  }
  const { meaning } = execution
  const base = storage.target.snapshot()
  if (meaning.kind === 'load') storage.readStaged(meaning.staging)
  await fate.pause()
  if (!isOpen(execution)) return
  const misfortune = fate.misfortune()
  if (misfortune === 'stopped') execution.state = 'CANCELLED'
  else if (misfortune === 'throttled') fail(execution, 1405, 'Rate exceeded', true)
  else if (misfortune === 'conflict' || base !== storage.target.snapshot())
    fail(execution, 233, 'ICEBERG_COMMIT_ERROR: Failed to commit', false)
  else succeed(execution, meaning, storage)
}

function succeed(execution: Execution, meaning: Meaning, storage: Storage): void {
  if (meaning.kind === 'create') storage.createTarget()
  else if (meaning.kind === 'watermark') {
    const cursors = storage.target.rows().map(row => row.at)
    execution.value = cursors.length === 0 ? undefined : String(Math.max(...cursors))
  } else {
    execution.updateCount = storage.target.commit(meaning, storage.readStaged(meaning.staging))
    storage.loaded(meaning.staging)
  }
  execution.state = 'SUCCEEDED'
}

function fail(execution: Execution, type: number, reason: string, isRetryable: boolean): void {
  execution.state = 'FAILED'
  execution.failure = { type, reason, isRetryable }
}
