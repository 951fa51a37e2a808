import { randomBytes } from 'node:crypto'
import type { AbortReason } from '../domain/abort-reason.ts'
import type { Clock } from '../domain/clock.ts'
import { TransferError } from '../domain/errors.ts'
import { claim, type JournalEntry } from '../domain/journal.ts'
import type { LoadOutcome, LoadRecord } from '../domain/load-record.ts'
import { newTransferId } from '../domain/transfer-id.ts'

/** The journal entry of a table, as this package keeps it. */
export type TableEntry = JournalEntry<LoadRecord, LoadOutcome>

/** Which table a journal is of. */
export interface TableName {
  readonly destination: string
  readonly table: string
}

/** Keeps the journals of all tables. Each call is one atomic step of the store. */
export interface JournalStore {
  /** False when it knows no load but those of this process, so that it says nothing of a table that it does not know. */
  readonly isShared: boolean
  /** What is kept, how long the attempt that holds it has yet, and the store's clock, which is the only judge of times. */
  read(table: TableName): Promise<{
    readonly entry: TableEntry | undefined
    readonly leaseLeftMs: number
    /** Milliseconds since 1970. */
    readonly nowMs: number
  }>
  /**
   * Puts `next` in the place of the entry of that attempt and revision (none: `undefined`), and begins its lease anew.
   * False when another one is there, and then nothing is changed; true also when `next` is there already.
   */
  replace(
    table: TableName,
    before: Pick<TableEntry, 'attempt' | 'revision'> | undefined,
    next: TableEntry,
    leaseMs: number,
  ): Promise<boolean>
  /** Begins the attempt's lease anew; 0 ends it. False when another attempt has the table. */
  renew(table: TableName, attempt: string, leaseMs: number): Promise<boolean>
}

/** How long a table stays an attempt's without a sign of life, in milliseconds; as long as a job of BullMQ's stays a worker's. */
const LEASE_MS = 30_000

/** An attempt's hold on a table's journal. */
export interface HeldJournal {
  readonly table: TableName
  readonly attempt: string
  entry(): TableEntry
  /**
   * The transition. After one of which it is not known whether it arrived there is no other: the attempt does not know
   * where the load stands, and the next one finds out.
   *
   * @throws {TransferError} `SUPERSEDED` when another attempt has the table, or is to have it; nothing is changed then.
   */
  move(next: TableEntry): Promise<void>
  /** Ends the lease, so that others need not wait for it. Whatever it says is not held against it. */
  release(): Promise<void>
}

/**
 * Takes a table for an attempt, or tells what its transfer's load did before. Where no journal is known, because the
 * table is new or the store was lost, `whenUnknown` has to agree first.
 *
 * @throws {TransferError} `TARGET_BUSY` with `retryAfterMs` while another transfer's attempt has it.
 */
export async function takeTable(
  store: JournalStore,
  table: TableName,
  transferId: string,
  whenUnknown: () => Promise<void>,
): Promise<HeldJournal | { readonly outcome: LoadOutcome }> {
  const attempt = newAttemptId()
  for (;;) {
    const { entry, ...times } = await store.read(table)
    if (!entry && store.isShared) await whenUnknown()
    const claimed = claim(entry, { transferId, attempt, ...times })
    if (claimed.kind === 'done') return { outcome: claimed.outcome }
    if (claimed.kind === 'busy') throw busy(table, claimed)
    if (await store.replace(table, entry, claimed.entry, LEASE_MS)) return hold(store, table, claimed.entry)
  }
}

/**
 * Takes a load that is open, to settle it, and tells how it was left. Undefined when none is open any more, or another
 * attempt was quicker: what a load that ended is known to have done stays known.
 *
 * @throws {TransferError} `TARGET_BUSY` with `retryAfterMs` while an attempt has it.
 */
export async function takeOpenLoad(
  store: JournalStore,
  table: TableName,
): Promise<{ readonly left: TableEntry; readonly journal: HeldJournal } | undefined> {
  const { entry: left, ...times } = await store.read(table)
  if (!left || left.position.state === 'cleaned') return undefined
  const claimed = claim(left, { transferId: newTransferId(), attempt: newAttemptId(), ...times })
  if (claimed.kind === 'busy') throw busy(table, claimed)
  if (claimed.kind === 'done' || !(await store.replace(table, left, claimed.entry, LEASE_MS)))
    return undefined
  return { left, journal: hold(store, table, claimed.entry) }
}

function hold(store: JournalStore, table: TableName, taken: TableEntry): HeldJournal {
  let current = taken
  let isKnown = true
  return {
    table,
    attempt: taken.attempt,
    entry: () => current,
    move: async next => {
      if (!isKnown) throw superseded(table)
      isKnown = false
      if (!(await store.replace(table, current, next, LEASE_MS))) throw superseded(table)
      isKnown = true
      current = next
    },
    release: async () => {
      await store.renew(table, taken.attempt, 0).catch(() => {
        // Safe to pass over: the lease runs out by itself.
      })
    },
  }
}

/** Signs of life between two leases' ends: one may be late or lost. */
const RENEWALS_PER_LEASE = 3

/**
 * Does work while its table is held: keeps the lease, gives the work a signal that also aborts as `superseded` once another
 * attempt has the table, and gives the table back in the end.
 */
export async function whileHeld<Result>(
  deps: { readonly journal: JournalStore; readonly clock: Clock },
  held: HeldJournal,
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const superseded = new AbortController()
  const lease = keepLease(deps, held, () => superseded.abort('superseded' satisfies AbortReason))
  try {
    return await work(AbortSignal.any([stop, superseded.signal]))
  } finally {
    lease.stop()
    await held.release()
  }
}

/** Keeps the lease while work runs, and calls back once when another attempt has the table. Stop it when done. */
function keepLease(
  { journal: store, clock }: { readonly journal: JournalStore; readonly clock: Clock },
  { table, attempt }: Pick<HeldJournal, 'table' | 'attempt'>,
  onSuperseded: () => void,
): { stop(): void } {
  const stopped = new AbortController()
  const renew = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(LEASE_MS / RENEWALS_PER_LEASE, stopped.signal)
      if (stopped.signal.aborted) return
      // A store that does not answer is no news; the next transition meets it, and waits or fails there.
      if (!(await store.renew(table, attempt, LEASE_MS).catch(() => true))) return onSuperseded()
    }
  }
  void renew()
  return { stop: () => stopped.abort() }
}

/** Names an attempt, its folders and tables; never used twice. */
function newAttemptId(): string {
  return randomBytes(6).toString('hex')
}

function busy(
  { destination, table }: TableName,
  holder: { readonly transferId: string; readonly retryAfterMs: number },
): TransferError {
  return new TransferError(
    'TARGET_BUSY',
    `destination "${destination}": table "${table}" is being loaded by transfer ${holder.transferId}`,
    { details: { destination, table, ...holder } },
  )
}

function superseded({ destination, table }: TableName): TransferError {
  return new TransferError(
    'SUPERSEDED',
    `destination "${destination}": another attempt took table "${table}" over`,
    { details: { destination, table } },
  )
}

/** A journal in memory, for transfers without a queue: nothing else knows of it. */
export function createMemoryJournal(): JournalStore {
  const entries = new Map<string, TableEntry>()
  const keyOf = ({ destination, table }: TableName): string => JSON.stringify([destination, table])
  return {
    isShared: false,
    read: async table => ({ entry: entries.get(keyOf(table)), leaseLeftMs: 0, nowMs: Date.now() }),
    replace: async (table, before, next) => {
      const kept = entries.get(keyOf(table))
      if (kept?.attempt !== before?.attempt || kept?.revision !== before?.revision) return false
      entries.set(keyOf(table), next)
      return true
    },
    renew: async (table, attempt) => entries.get(keyOf(table))?.attempt === attempt,
  }
}
