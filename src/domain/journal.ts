/** Version of the entries that this package writes. */
export const JOURNAL_VERSION = 1

/** One step that succeeded. */
export interface StepDone {
  /** Absent for a step that is no statement. */
  readonly queryExecutionId?: string | undefined
  readonly changedRowCount: number
  readonly scannedBytes: number
}

/**
 * Where the load of a table stands.
 *
 * `planned`: rows are being staged; nothing of it counts. `staged`: this set, and no other, is what will be loaded.
 * `loading`: statement `step` may have been submitted under the token of `group`; its execution, once known, is
 * `queryExecutionId`. `loaded`: every statement succeeded; the watermark may move, and what was staged may go. `cleaned`:
 * the table is free; `outcome` is what the transfer did, undefined when its load was given up.
 */
export type JournalPosition<Load, Outcome> =
  | { readonly state: 'planned' }
  | { readonly state: 'staged'; readonly load: Load }
  | {
      readonly state: 'loading'
      readonly load: Load
      readonly step: number
      readonly group: number
      readonly queryExecutionId?: string | undefined
      readonly done: readonly StepDone[]
    }
  | { readonly state: 'loaded'; readonly load: Load; readonly done: readonly StepDone[] }
  | { readonly state: 'cleaned'; readonly outcome?: Outcome | undefined }

/** The journal of one table of a destination: at most one load is open at a time. */
export interface JournalEntry<Load, Outcome> {
  readonly version: typeof JOURNAL_VERSION
  /** The transfer whose load it is. */
  readonly transferId: string
  /** The attempt that may move it; never used twice. */
  readonly attempt: string
  /**
   * Grows each time that an attempt takes the table over. Begins at the store's clock, so that it grows also when the store
   * was lost in between.
   */
  readonly epoch: number
  /** Grows with each transition. */
  readonly revision: number
  readonly position: JournalPosition<Load, Outcome>
}

/** What a load has to have for the journal: its statements, in order. */
export interface Steps {
  readonly steps: readonly unknown[]
}

/** What becomes of an attempt that wants a table. */
export type Claim<Load, Outcome> =
  /** The transfer's load ended before; this is what it did. */
  | { readonly kind: 'done'; readonly outcome: Outcome }
  /** Another transfer's attempt has the table and is alive. */
  | { readonly kind: 'busy'; readonly transferId: string; readonly retryAfterMs: number }
  /** The attempt takes the table: for its own load, or to settle the open one of a transfer that left it. */
  | { readonly kind: 'taken'; readonly entry: JournalEntry<Load, Outcome> }

/**
 * Decides over a table for an attempt. An attempt of the same transfer is followed at once: the queue gives a job to one
 * worker at a time, and the one before can do nothing any more. Another transfer's is followed when its lease is over:
 * what it had only staged is given up, what may have been submitted is kept, to be brought to its end first.
 */
export function claim<Load, Outcome>(
  entry: JournalEntry<Load, Outcome> | undefined,
  claimant: {
    readonly transferId: string
    readonly attempt: string
    readonly leaseLeftMs: number
    /** The store's clock, in milliseconds. */
    readonly nowMs: number
  },
): Claim<Load, Outcome> {
  const { transferId, attempt, leaseLeftMs, nowMs } = claimant
  if (!entry) return { kind: 'taken', entry: fresh(transferId, attempt, nowMs, 0) }
  const { position } = entry
  const isOwn = entry.transferId === transferId
  if (position.state === 'cleaned' && isOwn && position.outcome !== undefined)
    return { kind: 'done', outcome: position.outcome }
  if (position.state !== 'cleaned' && !isOwn && leaseLeftMs > 0)
    return { kind: 'busy', transferId: entry.transferId, retryAfterMs: leaseLeftMs }
  const isKept =
    position.state === 'loading' || position.state === 'loaded' || (isOwn && position.state === 'staged')
  if (!isKept)
    return { kind: 'taken', entry: fresh(transferId, attempt, entry.epoch + 1, entry.revision + 1) }
  return {
    kind: 'taken',
    entry: { ...entry, attempt, epoch: entry.epoch + 1, revision: entry.revision + 1 },
  }
}

function fresh<Load, Outcome>(
  transferId: string,
  attempt: string,
  epoch: number,
  revision: number,
): JournalEntry<Load, Outcome> {
  return { version: JOURNAL_VERSION, transferId, attempt, epoch, revision, position: { state: 'planned' } }
}

/** `planned` → `staged`; straight to `loaded` for a load without statements. */
export function staged<Load extends Steps, Outcome>(
  entry: JournalEntry<Load, Outcome>,
  load: Load,
): JournalEntry<Load, Outcome> {
  const { position } = entry
  if (position.state !== 'planned') throw wrongState(position, 'planned')
  return moved(
    entry,
    load.steps.length === 0 ? { state: 'loaded', load, done: [] } : { state: 'staged', load },
  )
}

/** `staged` → `loading`: from here on the first statement may be with Athena. */
export function loading<Load extends Steps, Outcome>(
  entry: JournalEntry<Load, Outcome>,
): JournalEntry<Load, Outcome> {
  const { position } = entry
  if (position.state !== 'staged') throw wrongState(position, 'staged')
  return moved(entry, { state: 'loading', load: position.load, step: 0, group: 0, done: [] })
}

/** Within `loading`: the execution of the open group is known. */
export function submitted<Load, Outcome>(
  entry: JournalEntry<Load, Outcome>,
  queryExecutionId: string,
): JournalEntry<Load, Outcome> {
  const { position } = entry
  if (position.state !== 'loading') throw wrongState(position, 'loading')
  return moved(entry, { ...position, queryExecutionId })
}

/** Within `loading`: the open group's execution succeeded, the next statement's group opens; `loaded` after the last one. */
export function stepDone<Load extends Steps, Outcome>(
  entry: JournalEntry<Load, Outcome>,
  outcome: StepDone,
): JournalEntry<Load, Outcome> {
  const { position } = entry
  if (position.state !== 'loading') throw wrongState(position, 'loading')
  const { load, step, group } = position
  const done = [...position.done, outcome]
  if (done.length === load.steps.length) return moved(entry, { state: 'loaded', load, done })
  return moved(entry, { state: 'loading', load, step: step + 1, group: group + 1, done })
}

/** Within `loading`: the open group's execution ended FAILED or CANCELLED, and only then another group opens. */
export function groupEnded<Load, Outcome>(entry: JournalEntry<Load, Outcome>): JournalEntry<Load, Outcome> {
  const { position } = entry
  if (position.state !== 'loading') throw wrongState(position, 'loading')
  const { load, step, group, done } = position
  return moved(entry, { state: 'loading', load, step, group: group + 1, done })
}

/**
 * Within `loading`: the open group's execution ended and its statement cannot succeed as it is; others over the same
 * staged set take its place, and those before it stay. Groups count on, so no token is used twice.
 */
export function replanned<Load, Outcome>(
  entry: JournalEntry<Load, Outcome>,
  load: Load,
): JournalEntry<Load, Outcome> {
  const { position } = entry
  if (position.state !== 'loading') throw wrongState(position, 'loading')
  const { step, group, done } = position
  return moved(entry, { state: 'loading', load, step, group: group + 1, done })
}

/** To `cleaned`: from `loaded` with its outcome; without one from where nothing is running any more. */
export function cleaned<Load, Outcome>(
  entry: JournalEntry<Load, Outcome>,
  outcome: Outcome | undefined,
): JournalEntry<Load, Outcome> {
  const { position } = entry
  if (outcome !== undefined && position.state !== 'loaded') throw wrongState(position, 'loaded')
  return moved(entry, { state: 'cleaned', outcome })
}

function moved<Load, Outcome>(
  entry: JournalEntry<Load, Outcome>,
  position: JournalPosition<Load, Outcome>,
): JournalEntry<Load, Outcome> {
  return { ...entry, revision: entry.revision + 1, position }
}

/** A transition that the code asks for out of turn: a bug. */
function wrongState({ state }: { readonly state: string }, expected: string): Error {
  return new Error(`journal: expected ${expected}, found ${state}`)
}
