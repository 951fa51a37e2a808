import type { TableReading } from './table-check.ts'

/** What was found so far; every list is to stay empty. */
export interface Tally {
  readsWhileRunning: number
  readsThatFailed: number
  rowsChecked: number
  readonly lost: string[]
  readonly doubled: string[]
  readonly torn: string[]
  /** Reads of an older state than one that was read before. */
  readonly older: string[]
  /** MERGE statements that succeeded more than once. */
  readonly executedTwice: string[]
  /** What the sweep left that no open load names. */
  readonly left: string[]
  /** What else is not as promised: a transfer that failed in peace, a table that did not catch up. */
  readonly broken: string[]
}

/** Nothing found yet. */
export function newTally(): Tally {
  return {
    readsWhileRunning: 0,
    readsThatFailed: 0,
    rowsChecked: 0,
    lost: [],
    doubled: [],
    torn: [],
    older: [],
    executedTwice: [],
    left: [],
    broken: [],
  }
}

/** Adds what a read showed. */
export function count(tally: Tally, where: string, { rowCount, lost, doubled, torn }: TableReading): void {
  tally.rowsChecked += rowCount
  tally.lost.push(...lost.map(text => `${where}: ${text}`))
  tally.doubled.push(...doubled.map(text => `${where}: ${text}`))
  tally.torn.push(...torn.map(text => `${where}: ${text}`))
}

/** The lists that are not empty, by what they are of. */
export function violationsOf(tally: Tally): readonly (readonly [kind: string, found: readonly string[]])[] {
  const { lost, doubled, torn, older, executedTwice, left, broken } = tally
  const kinds = {
    lost,
    doubled,
    'of another version': torn,
    older,
    'executed twice': executedTwice,
    'left behind': left,
    broken,
  }
  return Object.entries(kinds).filter(([, found]) => found.length > 0)
}
