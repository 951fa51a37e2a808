import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { s3Arn } from '../../iam/arn.ts'
import {
  type Authorizer,
  AwsError,
  type Caller,
  type Catalog,
  type Faults,
  type ObjectStore,
} from '../../services.ts'
import { type Engine, type Outcome, ScanLimitExceeded } from '../engine.ts'
import { namedError, type QueryError } from '../query-error.ts'
import { parseS3Uri } from '../s3-uri.ts'
import { type Execution, type ExecutionStore, storedColumns } from './executions.ts'
import { toFailure } from './query-failure.ts'
import { openResultFile, publishManifest, type ResultFile } from './result-files.ts'

/** What running queries needs. */
export interface RunnerDependencies {
  readonly dataDir: string
  readonly engine: Engine
  readonly executions: ExecutionStore
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly faults: Faults
}

/** Runs queries behind the API. */
export interface QueryRunner {
  /** Takes a QUEUED execution to its end; the caller of the API does not wait for it. */
  start(execution: Execution, caller: Caller): void
  /** Stops a query; one that is over stays as it is. */
  stop(execution: Execution): void
  /** Stops everything and waits until it has stopped. */
  close(): Promise<void>
}

/** How long `athena.query.queue` and `athena.query.slow` hold a query up, in milliseconds. */
const FAULT_DELAY_MS = 3000

/** Creates a runner whose queries all run at once; the engine bounds how many have an SQL process. */
export function createQueryRunner(deps: RunnerDependencies): QueryRunner {
  const running = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>()
  return {
    start(execution, caller) {
      const controller = new AbortController()
      const done = runQuery(deps, execution, caller, controller.signal).finally(() =>
        running.delete(execution.id),
      )
      running.set(execution.id, { controller, done })
    },
    stop: execution => running.get(execution.id)?.controller.abort(),
    async close() {
      for (const one of running.values()) one.controller.abort()
      await Promise.all([...running.values()].map(one => one.done))
    },
  }
}

async function runQuery(
  deps: RunnerDependencies,
  queued: Execution,
  caller: Caller,
  signal: AbortSignal,
): Promise<void> {
  const workDirectory = join(deps.dataDir, 'work', queued.id)
  const faults = takeFaults(deps.faults, queued.sql)
  let execution = queued
  try {
    await mkdir(workDirectory, { recursive: true })
    if (faults.isQueued) await delay(FAULT_DELAY_MS, undefined, { signal })
    execution = { ...queued, state: 'RUNNING', startedAtMs: Date.now() }
    await deps.executions.put(execution)
    await applyFaults(faults, signal)
    execution = await runStatement(deps, execution, caller, { workDirectory, signal })
  } catch (error) {
    execution = { ...execution, ...ending(error, signal), endedAtMs: Date.now() }
  } finally {
    await rm(workDirectory, { recursive: true, force: true })
  }
  await deps.executions.put(execution)
}

interface QueryFaults {
  readonly isQueued: boolean
  readonly isSlow: boolean
  readonly failure: QueryError | undefined
}

/** Faults strike the query that is started next: they are taken before anything is waited for. */
function takeFaults(faults: Faults, sql: string): QueryFaults {
  const failure = faults.take('athena.query.fail')
    ? namedError('GENERIC_INTERNAL_ERROR', 'injected fault')
    : faults.take('athena.query.s3-throttle')
      ? namedError('SLOW_DOWN', 'Please reduce your request rate')
      : faults.take('athena.query.exhausted', sql)
        ? namedError('EXCEEDED_LOCAL_MEMORY_LIMIT', 'Query exhausted resources at this scale factor')
        : undefined
  return { isQueued: faults.take('athena.query.queue'), isSlow: faults.take('athena.query.slow'), failure }
}

async function applyFaults(faults: QueryFaults, signal: AbortSignal): Promise<void> {
  if (faults.isSlow) await delay(FAULT_DELAY_MS, undefined, { signal })
  if (faults.failure) throw faults.failure
}

function ending(error: unknown, signal: AbortSignal): Pick<Execution, 'state' | 'reason' | 'failure'> {
  if (error instanceof ScanLimitExceeded) {
    return { state: 'CANCELLED', reason: 'Bytes scanned limit was exceeded' }
  }
  if (signal.aborted) return { state: 'CANCELLED', reason: 'Query cancelled by user' }
  const failure = toFailure(error)
  return { state: 'FAILED', reason: failure.message, failure }
}

/** Whoever may not write the result gets no statement run: it could change a table and then be called FAILED. */
function requireResultPlace({ authorizer }: RunnerDependencies, caller: Caller, execution: Execution): void {
  const place = execution.outputLocation === undefined ? undefined : parseS3Uri(execution.outputLocation)
  if (place) authorizer.authorize(caller, 's3:PutObject', [s3Arn(caller.region, place.bucket, place.key)])
}

interface Place {
  readonly workDirectory: string
  readonly signal: AbortSignal
}

async function runStatement(
  deps: RunnerDependencies,
  execution: Execution,
  caller: Caller,
  place: Place,
): Promise<Execution> {
  await requireDefaultDatabase(deps, caller)
  requireResultPlace(deps, caller, execution)
  const context = {
    store: deps.store,
    caller,
    workDirectory: place.workDirectory,
    managedDirectory: join(deps.dataDir, 'managed'),
  }
  const result = await openResultFile(context, execution)
  const written: string[] = []
  try {
    const outcome = await deps.engine.run(execution.sql, {
      ...place,
      caller,
      executionId: execution.id,
      database: execution.database,
      parameters: execution.parameters,
      scanLimitBytes: execution.scanLimitBytes,
      outputFolder: execution.outputLocation?.replace(/[^/]*$/, ''),
      sink: result.sink,
      onFileWritten: uri => written.push(uri),
    })
    const manifest = await publishManifest(context, execution, written)
    const done = succeeded(execution, outcome, result, manifest)
    await result.publish(done)
    return { ...done, endedAtMs: Date.now() }
  } finally {
    await result.close()
  }
}

/** Athena reads the database `default` for every query, and therefore needs the right to; it need not exist. */
async function requireDefaultDatabase(deps: RunnerDependencies, caller: Caller): Promise<void> {
  try {
    await deps.catalog.getDatabase(caller, 'default')
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
  }
}

function succeeded(
  execution: Execution,
  outcome: Outcome,
  result: ResultFile,
  manifest: string | undefined,
): Execution {
  const { updateCount } = outcome
  const columns =
    updateCount === undefined ? storedColumns(result.columns()) : [{ name: 'rows', type: 'bigint' }]
  return {
    ...execution,
    state: 'SUCCEEDED',
    scannedBytes: outcome.scannedBytes,
    columns,
    ...(updateCount === undefined ? {} : { updateCount }),
    ...(manifest === undefined ? {} : { dataManifestLocation: manifest }),
  }
}
