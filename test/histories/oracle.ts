/**
 * What the customer's table must hold, by a plain reading of the README's table of write modes. It shares no code with
 * the product.
 */

/** One row of a source: `null` is NULL; times are whole seconds with a fraction of microseconds. */
export interface SourceRow {
  readonly id: number
  readonly name: string | null
  readonly deleted: boolean | null
  /** Microseconds since the epoch. */
  readonly at: number | null
}

/** What a history fixes for all of its transfers. */
export interface Rules {
  readonly writeMode: 'merge' | 'append' | 'overwrite'
  readonly hasKey: boolean
  readonly hasCursor: boolean
  /** `hard`: deleted rows leave the table; `soft`: they stay, marked; `none`: the flag is a column like others. */
  readonly deletes: 'hard' | 'soft' | 'none'
  readonly lookbackSeconds: number
  /** Tables are overwritten by ones that take their place, which changes nothing of what they hold. */
  readonly isLarge: boolean
}

/** From a time to just before another, in microseconds since the epoch. */
export interface Window {
  readonly from: number
  readonly to: number
}

/** What one transfer is. */
export interface TransferKind {
  readonly isFull: boolean
  /** What was remembered between transfers is lost. */
  readonly isForgetful: boolean
  /** Only the rows of a window. */
  readonly window?: Window | undefined
}

/** A table that follows the rules. */
export function createOracle(rules: Rules) {
  let rows: readonly SourceRow[] = []
  let watermark: number | undefined
  let isThere = false
  /** True once a window left rows later than the watermark, so that the rows no longer tell it. */
  let isAhead = false
  return {
    rows: () => rows,
    transfer: (source: readonly SourceRow[], { isFull, isForgetful, window }: TransferKind): void => {
      if (isForgetful && !isAhead) watermark = isThere ? latest(rows) : undefined
      if (window) {
        const isNext = isThere && watermark !== undefined && window.from <= firstRead(watermark, rules)
        isAhead ||= isThere && !isNext && (watermark === undefined || window.to > watermark)
        if (isNext) watermark = latest([...within(source, window), { at: watermark ?? null }])
        rows = met(rows, withLaterDeletes(source, window, rules), rules)
        return
      }
      const hasWindow = isThere && !isFull && rules.hasCursor && rules.writeMode !== 'overwrite'
      const batch = hasWindow && watermark !== undefined ? inWindow(source, watermark, rules) : source
      rows = isFull || rules.writeMode === 'overwrite' ? replaced(batch, rules) : met(rows, batch, rules)
      watermark = latest([...batch, ...(watermark === undefined ? [] : [{ at: watermark }])])
      isThere = true
    },
  }
}

function inWindow(source: readonly SourceRow[], watermark: number, rules: Rules): readonly SourceRow[] {
  const from = firstRead(watermark, rules)
  return source.filter(({ at }) => at === null || at >= from)
}

function within(source: readonly SourceRow[], { from, to }: Window): readonly SourceRow[] {
  return source.filter(({ at }) => at !== null && at >= from && at < to)
}

/** The rows of a window, and what became deleted after it, so that nothing deleted comes back. */
function withLaterDeletes(source: readonly SourceRow[], window: Window, rules: Rules): readonly SourceRow[] {
  const inside = within(source, window)
  return source.filter(
    row =>
      inside.includes(row) ||
      (rules.deletes === 'hard' && row.deleted === true && row.at !== null && row.at >= window.to),
  )
}

function firstRead(watermark: number, rules: Rules): number {
  return Math.floor(watermark / 1e6 - rules.lookbackSeconds) * 1e6
}

function latest(rows: readonly { readonly at: number | null }[]): number | undefined {
  const times = rows.flatMap(({ at }) => (at === null ? [] : [at]))
  return times.length === 0 ? undefined : Math.max(...times)
}

function met(rows: readonly SourceRow[], batch: readonly SourceRow[], rules: Rules): readonly SourceRow[] {
  return rules.writeMode === 'append' ? appended(rows, batch) : merged(rows, batch, rules)
}

/** Each row as often as the source was ever seen to hold it. */
function appended(rows: readonly SourceRow[], batch: readonly SourceRow[]): readonly SourceRow[] {
  const missing = Map.groupBy(batch, content)
  for (const row of rows) missing.get(content(row))?.pop()
  return [...rows, ...[...missing.values()].flat()]
}

function merged(rows: readonly SourceRow[], batch: readonly SourceRow[], rules: Rules): readonly SourceRow[] {
  const table = new Map(rows.map(row => [row.id, row]))
  for (const [id, row] of newest(batch, rules)) {
    const present = table.get(id)
    const isOlder = rules.hasCursor && present !== undefined && order(row.at, present.at) < 0
    if (isOlder) continue
    if (rules.deletes === 'hard' && row.deleted) table.delete(id)
    else table.set(id, row)
  }
  return [...table.values()]
}

function replaced(batch: readonly SourceRow[], rules: Rules): readonly SourceRow[] {
  const isByKey = rules.hasKey && rules.writeMode !== 'append'
  const rows = isByKey ? [...newest(batch, rules).values()] : batch
  return rules.deletes === 'hard' ? rows.filter(row => !row.deleted) : rows
}

/** The row of each key with the latest cursor; of equal ones the later in the source's order. */
function newest(batch: readonly SourceRow[], rules: Rules): ReadonlyMap<number, SourceRow> {
  const found = new Map<number, SourceRow>()
  for (const row of batch) {
    const other = found.get(row.id)
    if (!other || !rules.hasCursor || order(row.at, other.at) >= 0) found.set(row.id, row)
  }
  return found
}

/** No time is before any. */
function order(left: number | null, right: number | null): number {
  return (left ?? -Infinity) === (right ?? -Infinity) ? 0 : (left ?? -Infinity) - (right ?? -Infinity)
}

function content(row: SourceRow): string {
  return JSON.stringify([row.id, row.name, row.deleted, row.at])
}
