import { describeTable } from '../catalog/describe-table.ts'
import { ensureDatabase } from '../catalog/ensure-database.ts'
import { createStagingTable } from '../catalog/staging-table.ts'
import { isHandedOver } from '../domain/abort-reason.ts'
import { TransferError } from '../domain/errors.ts'
import {
  cleaned,
  groupEnded,
  loading,
  replanned,
  type StepDone,
  stepDone,
  submitted,
} from '../domain/journal.ts'
import type { LoadOutcome, LoadRecord } from '../domain/load-record.ts'
import { waitForNextTry } from '../query/backoff.ts'
import { clientRequestToken } from '../query/client-request-token.ts'
import { allowsAnotherGroup, isEnded } from '../query/query-failure.ts'
import { readUpdateCount } from '../query/read-results.ts'
import { awaitQuery, outcomeOf, type QueryOptions } from '../query/run-query.ts'
import { GROUP_BACKOFF, MAX_GROUPS } from '../query/run-statement.ts'
import { startQuery } from '../query/start-query.ts'
import { cleanUp } from './clean-up.ts'
import type { HeldJournal, TableEntry } from './journal.ts'
import { writeManifest } from './manifest.ts'
import type { DestinationClients, TransferDeps } from './ports.ts'
import type { PreparedLoad } from './prepare-load.ts'
import { queryOptions } from './query-options.ts'
import { runSwapStep, writeSwapNote } from './swap-steps.ts'
import { writeTableRecord } from './table-records.ts'
import type { ModelJob } from './transfer-model.ts'

/** A journal whose load is staged, and what it takes to bring it to its end. */
export interface OpenLoad {
  readonly clients: DestinationClients
  readonly deps: TransferDeps
  readonly destination: ModelJob['destination']
  readonly journal: HeldJournal
  readonly signal: AbortSignal
  /** Of the attempt that staged the load, see `PreparedLoad`; another one cannot halve its statements. */
  readonly halve?: PreparedLoad['halve'] | undefined
}

/**
 * Brings a staged load to its end, from wherever its journal stands: the tables, the steps (the last one is **the commit
 * point**: a statement, or a swap), what is remembered and told, what is removed. Any number of attempts may do it, one after the
 * other or at once: an execution is joined by its token, and every other step is safe to repeat.
 *
 * @throws {TransferError} of the statement that failed. A load of which nothing runs any more and that cannot succeed is
 * given up, its files removed; any other stays open, to be gone on with.
 */
export async function finishLoad(open: OpenLoad): Promise<LoadOutcome> {
  const { journal } = open
  const { position } = journal.entry()
  const isOpenedHere = position.state === 'staged'
  if (isOpenedHere) await openLoading(open, position.load)
  await runSteps(open, isOpenedHere)
  return close(open)
}

/** Makes what the steps need, and notes what they might leave. Before the journal says `loading`, so that whoever finds it so finds that too. */
async function openLoading(open: OpenLoad, load: LoadRecord): Promise<void> {
  const { clients, destination, journal, signal } = open
  await ensureDatabase(clients.glue, load.database)
  if (load.staging) {
    const { table: name, ...staging } = load.staging
    const { transferId } = journal.entry()
    await createStagingTable(clients.glue, load.database, {
      name,
      ...staging,
      transferId,
      target: load.table,
    })
  }
  if (load.swap) await writeSwapNote(open, load.swap)
  const { before, held } = load.tableRecords
  if (held) await writeTableRecord(clients.s3, destination, load.table, { record: held, before })
  signal.throwIfAborted()
  await journal.move(loading(journal.entry()))
}

async function runSteps(open: OpenLoad, isOpenedHere: boolean): Promise<void> {
  const { clients, deps, destination, journal, signal } = open
  const options = queryOptions(clients, deps, { destination }, signal)
  const { clock } = deps
  const deadlineMs = clock.nowMs() + options.timeoutMs
  let ownGroup = isOpenedHere ? 0 : undefined
  for (let further = 0; ; ) {
    const { position } = journal.entry()
    if (position.state !== 'loading') return
    try {
      await journal.move(await runStep(open, options))
    } catch (thrown) {
      const isOver = isEnded(thrown) || (position.group === ownGroup && isRefused(journal, thrown))
      if (!isOver) throw thrown
      const smaller = smallerSteps(open, thrown)
      if (smaller) {
        await journal.move(replanned(journal.entry(), smaller))
        ownGroup = position.group + 1
        continue
      }
      if (!allowsAnotherGroup(thrown))
        throw await givenUp(open, position.load, further > 0 ? askedAgain(position, thrown) : thrown)
      await journal.move(groupEnded(journal.entry()))
      if (++further >= MAX_GROUPS) throw thrown
      const goesOn = await waitForNextTry(further - 1, { ...GROUP_BACKOFF, deadlineMs, signal, clock })
      if (signal.aborted && !isHandedOver(signal)) throw await givenUp(open, position.load, signal.reason)
      if (!goesOn) throw thrown
    }
    ownGroup = position.group + 1
  }
}

/** The load with halves in the place of the open statement, if this is what an execution that passed a limit needs. */
function smallerSteps({ journal, halve }: OpenLoad, thrown: unknown): LoadRecord | undefined {
  const { position } = journal.entry()
  const isTooMuch = thrown instanceof TransferError && thrown.code === 'QUERY_LIMIT_EXCEEDED'
  if (position.state !== 'loading' || !isTooMuch) return undefined
  const { load, step } = position
  const open = load.steps[step]
  const halves = open && 'sql' in open ? halve?.(open.sql) : undefined
  if (!halves) return undefined
  const steps = load.steps.toSpliced(step, 1, ...halves.map(sql => ({ step: 'load' as const, sql })))
  return { ...load, steps, splits: [...new Set([...load.splits, 'resources' as const])] }
}

/** True when Athena did not take the statement: its answer, and no lost one. For groups that nobody else can have submitted. */
function isRefused(journal: HeldJournal, thrown: unknown): boolean {
  const { position } = journal.entry()
  const isSubmitted = position.state === 'loading' && position.queryExecutionId !== undefined
  return !isSubmitted && thrown instanceof TransferError && !thrown.retryable
}

/** Runs the open step to its end, and returns the journal's entry after it. */
async function runStep(open: OpenLoad, options: QueryOptions): Promise<TableEntry> {
  const { position } = open.journal.entry()
  const step = position.state === 'loading' ? position.load.steps[position.step] : undefined
  if (position.state !== 'loading' || !step)
    throw new TransferError('INTERNAL', `no step is open in ${position.state}`)
  if (!('sql' in step)) return runSwapStep(open, position.load, step.step)
  const done = await runQueryStep(open, { ...position, ...step }, options)
  return stepDone(open.journal.entry(), done)
}

/** The open group's execution, submitted or joined, to its end. */
async function runQueryStep(
  { clients, journal }: OpenLoad,
  open: {
    readonly load: LoadRecord
    readonly group: number
    readonly queryExecutionId?: string | undefined
    readonly step: string
    readonly sql: string
  },
  options: QueryOptions,
): Promise<StepDone> {
  const { transferId } = journal.entry()
  const { load, group, step, sql } = open
  let id = open.queryExecutionId
  if (id === undefined) {
    const parts = { transferId, model: load.model, step: `${load.id} ${step}`, group, sql }
    id = await startQuery(clients.athena, { sql, clientRequestToken: clientRequestToken(parts) }, options)
    await journal.move(submitted(journal.entry(), id))
  }
  const { scannedBytes } = outcomeOf(await awaitQuery(clients.athena, id, options), options)
  const changedRowCount = step === 'load' ? await readUpdateCount(clients.athena, id) : 0
  return { queryExecutionId: id, changedRowCount, scannedBytes }
}

/**
 * What a change of the table's shape says that was asked for again: the group before may have failed once its work was
 * done, so that it cannot be done again. The next attempt finds the table as it is.
 */
function askedAgain(
  { load, step }: { readonly load: LoadRecord; readonly step: number },
  thrown: unknown,
): unknown {
  if (load.steps[step]?.step !== 'target' || !(thrown instanceof TransferError)) return thrown
  const { message, details } = thrown
  return new TransferError('COMMIT_CONFLICT', message, { cause: thrown, details })
}

/** Gives a load up of which nothing is running. */
async function givenUp({ clients, destination, journal }: OpenLoad, load: LoadRecord, why: unknown) {
  await journal.move(cleaned(journal.entry(), undefined))
  await cleanUp(clients, destination, load)
  return why
}

/** What follows a load: nothing before it is remembered or removed, and all of it may be done again. */
async function close({ clients, deps, destination, journal }: OpenLoad): Promise<LoadOutcome> {
  const { transferId, epoch, position } = journal.entry()
  if (position.state !== 'loaded')
    throw new TransferError('INTERNAL', `a load is to be closed in ${position.state}`)
  const { load, done } = position
  const outcome = outcomeOfLoad(load, done)
  const { before, held, changed, unchanged } = load.tableRecords
  const record = outcome.changedRowCount > 0 ? changed : unchanged
  if (record) await writeTableRecord(clients.s3, destination, load.table, { record, before, held })
  await deps.states.write(destination.name, load.table, { ...load.state, epoch }, load.watermarkKind)
  if (!load.isUnchanged)
    await writeManifest({ ...clients, ...deps }, { destination, transferId }, load, outcome)
  // After the load: a commit of Athena's writes the entry, and what it keeps of it is not documented.
  if (load.description !== undefined)
    await describeTable(clients.glue, load.database, load.table, load.description)
  await cleanUp(clients, destination, load)
  await journal.move(cleaned(journal.entry(), outcome))
  return outcome
}

function outcomeOfLoad(load: LoadRecord, done: readonly StepDone[]): LoadOutcome {
  const loads = done.filter((_, index) => load.steps[index]?.step === 'load')
  const last = loads.at(-1)
  return {
    model: load.model,
    table: load.table,
    status: 'SUCCESS',
    rowCount: load.rowCount,
    rejectedRowCount: load.rejectedRowCount,
    fileCount: load.files.length,
    stagedBytes: load.isUnchanged ? 0 : load.bytes,
    isUnchanged: load.isUnchanged,
    changedRowCount: loads.reduce((sum, one) => sum + one.changedRowCount, 0),
    scannedBytes: loads.reduce((sum, one) => sum + one.scannedBytes, 0),
    statementCount: loads.length,
    splits: load.splits,
    notices: load.notices,
    ...(last?.queryExecutionId === undefined ? {} : { queryExecutionId: last.queryExecutionId }),
    ...(load.state.watermark === undefined ? {} : { watermark: load.state.watermark }),
  }
}
