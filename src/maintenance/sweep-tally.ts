import { TransferError } from '../domain/errors.ts'

/** What a sweep looks for, in the order in which it does. */
export const SWEPT_KINDS = {
  stagingTables: 'staging tables',
  shadowTables: 'shadow tables',
  stagedFiles: 'staged files',
  oldTableFiles: "files of tables' old folders",
  swapNotes: 'notes of swaps',
  statusFiles: 'files of _transfer_status',
  queryResults: 'query results',
  uploads: 'unfinished uploads',
} as const

/** One of the things that a sweep looks for. */
export type SweptKind = keyof typeof SWEPT_KINDS

/** Why something stays. */
export const KEEP_REASONS = {
  foreign: 'not as this product makes it',
  open: 'of a load that is open',
  young: 'too young',
  inUse: 'in use',
  refused: 'the policy does not let it be removed',
} as const

/** One of the reasons why something stays. */
export type KeepReason = keyof typeof KEEP_REASONS

/** What became of one kind of thing. Bytes are those of objects that were removed. */
export interface SweptCount {
  readonly found: number
  readonly removed: number
  readonly removedBytes: number
  readonly kept: Readonly<Partial<Record<KeepReason, number>>>
}

/** Counts, and removes unless it is a trial. */
export interface SweepTally {
  keep(kind: SweptKind, reason: KeepReason): void
  /** True when it is gone, or would be if this were no trial. @throws what `removal` throws, but for a refusal. */
  remove(kind: SweptKind, bytes: number, removal: () => Promise<unknown>): Promise<boolean>
  counts(): Readonly<Record<SweptKind, SweptCount>>
}

/** A tally of nothing. */
export function createSweepTally({ dryRun }: { readonly dryRun: boolean }): SweepTally {
  const counts = {
    stagingTables: empty(),
    shadowTables: empty(),
    stagedFiles: empty(),
    oldTableFiles: empty(),
    swapNotes: empty(),
    statusFiles: empty(),
    queryResults: empty(),
    uploads: empty(),
  }
  const keep: SweepTally['keep'] = (kind, reason) => {
    const { kept } = counts[kind]
    counts[kind].found++
    kept[reason] = (kept[reason] ?? 0) + 1
  }
  return {
    keep,
    counts: () => counts,
    remove: async (kind, bytes, removal) => {
      try {
        if (!dryRun) await removal()
      } catch (thrown) {
        if (!isDenied(thrown)) throw thrown
        keep(kind, 'refused')
        return false
      }
      counts[kind].found++
      counts[kind].removed++
      counts[kind].removedBytes += bytes
      return true
    },
  }
}

function empty() {
  const kept: Partial<Record<KeepReason, number>> = {}
  return { found: 0, removed: 0, removedBytes: 0, kept }
}

/** True for AWS's answer that the policy does not grant it. */
export function isDenied(thrown: unknown): boolean {
  return thrown instanceof TransferError && thrown.code === 'ACCESS_DENIED'
}
