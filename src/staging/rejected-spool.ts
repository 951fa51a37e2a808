import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { RejectedRow } from '../domain/rejected-row.ts'

/** What a slice's rejected rows came to. */
export interface RejectedRows {
  readonly rejectedRowCount: number
  /** The first few, for an error's message. */
  readonly rejectedExamples: readonly RejectedRow[]
}

/** Rejected rows that a message repeats. */
const MAX_EXAMPLES = 3

/** Of a slice, or of a model, without any. */
export const NONE_REJECTED: RejectedRows = { rejectedRowCount: 0, rejectedExamples: [] }

/** Both together, in order. */
export function withRejected(before: RejectedRows, more: RejectedRows): RejectedRows {
  return {
    rejectedRowCount: before.rejectedRowCount + more.rejectedRowCount,
    rejectedExamples: [...before.rejectedExamples, ...more.rejectedExamples].slice(0, MAX_EXAMPLES),
  }
}

/**
 * Appends rejected rows to a local file as NDJSON: a model may reject more rows than memory takes. Memory: the first few
 * and the stream's buffer.
 */
export function openRejectedSpool(path: string) {
  const out = createWriteStream(path, { flags: 'a' })
  let rows = NONE_REJECTED
  return {
    get count(): number {
      return rows.rejectedRowCount
    },
    add: async (row: RejectedRow): Promise<void> => {
      rows = withRejected(rows, { rejectedRowCount: 1, rejectedExamples: [row] })
      if (!out.write(`${JSON.stringify(row)}\n`)) await once(out, 'drain')
    },
    close: async (): Promise<RejectedRows> => {
      out.end()
      await once(out, 'close')
      return rows
    },
  }
}
