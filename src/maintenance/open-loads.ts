import type { JournalEntry } from '../domain/journal.ts'
import type { LoadOutcome, LoadRecord } from '../domain/load-record.ts'

/** What open loads name: nothing of it is swept, however old it is. */
export interface OpenLoads {
  /** All that such a transfer's attempts made stays until its loads are closed. */
  readonly transferIds: ReadonlySet<string>
  /** Executions whose results may still be read. */
  readonly queryExecutionIds: ReadonlySet<string>
}

/** What the journals of a destination's open loads name. */
export function openLoadsOf(entries: readonly JournalEntry<LoadRecord, LoadOutcome>[]): OpenLoads {
  const open = entries.filter(({ position }) => position.state !== 'cleaned')
  return {
    transferIds: new Set(open.map(({ transferId }) => transferId)),
    queryExecutionIds: new Set(open.flatMap(({ position }) => executionsOf(position))),
  }
}

function executionsOf(position: JournalEntry<LoadRecord, LoadOutcome>['position']): readonly string[] {
  const done = 'done' in position ? position.done : []
  const running = 'queryExecutionId' in position ? [position.queryExecutionId] : []
  return [...done.map(step => step.queryExecutionId), ...running].filter(id => id !== undefined)
}
