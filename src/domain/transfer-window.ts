import { z } from 'zod'
import type { ColumnType } from './column-type.ts'
import { laterWatermark, parseWatermark, type Watermark, windowStart } from './watermark.ts'

/** Longest text that an error repeats; a moment is no longer, and a secret that was put there by mistake mostly is. */
const MAX_SHOWN = 35

/** A moment in RFC 3339 with at most six digits of fraction, of the years 0001 to 9999; becomes `YYYY-MM-DDTHH:MM:SS.ffffffZ`. */
export const momentSchema = z.string().transform((text, context): string => {
  const moment = parseMoment(text)
  if (moment !== undefined) return moment
  const shown = text.length <= MAX_SHOWN ? `"${text}"` : `a text of ${text.length} characters`
  const message = `${shown} is not a moment in RFC 3339 with at most six digits of fraction, such as 2026-01-31T12:00:00Z`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** The part of time whose rows a transfer reads: `from` inclusive, `to` exclusive, both in UTC once parsed. */
export const transferWindowSchema = z
  .strictObject({ from: momentSchema, to: momentSchema })
  .refine(({ from, to }) => from < to, 'a window must begin before it ends')

/** See `transferWindowSchema`. */
export type TransferWindow = z.output<typeof transferWindowSchema>

/** A window in the canonical text of a model's cursor. */
export interface CursorWindow {
  readonly from: string
  readonly to: string
}

function parseMoment(text: string): string | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/.exec(
      text,
    )
  const [, day = '', time = '', sign, hours = '0', minutes = '0'] = match ?? []
  const local = parseWatermark(`${day}T${time}Z`, { kind: 'timestamp' })
  if (local === undefined) return undefined
  const offsetMs = (sign === '-' ? -60_000 : 60_000) * (Number(hours) * 60 + Number(minutes))
  const utc = new Date(Date.parse(`${local.slice(0, 23)}Z`) - offsetMs).toISOString().slice(0, 23)
  return parseWatermark(`${utc}${local.slice(23)}`, { kind: 'timestamp' })
}

/**
 * The window in a cursor's own text: the days that begin in it for a date, 9999-12-31 never; undefined for cursors that
 * are no time.
 */
export function cursorWindow({ from, to }: TransferWindow, type: ColumnType): CursorWindow | undefined {
  if (type.kind === 'timestamp') return { from, to }
  return type.kind === 'date' ? { from: nextDay(from), to: nextDay(to) } : undefined
}

/** The first day that begins at or after a moment; the last day of all for moments after its beginning. */
function nextDay(moment: string): string {
  const day = moment.slice(0, 10)
  if (moment.endsWith('T00:00:00.000000Z') || day === '9999-12-31') return day
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
}

/** How far a model was loaded, and the window that is loaded beside it. */
interface WindowedLoad {
  /** The watermark so far; undefined when the next transfer reads everything. */
  readonly before: Watermark | undefined
  readonly window: CursorWindow
  readonly type: ColumnType
  readonly lookbackMs: number
}

/**
 * The watermark once a window is loaded, `largest` being its largest loaded cursor.
 *
 * It never moves back, and moves on only if the window begins where the next transfer would have begun (the watermark
 * less the lookback) or before: everything up to the largest loaded cursor is then read. From a later beginning, rows
 * between the two would be passed over, late ones included, so it stays.
 */
export function watermarkAfterWindow(
  load: WindowedLoad,
  largest: Watermark | undefined,
): Watermark | undefined {
  const { before, window, type, lookbackMs } = load
  if (before === undefined || window.from > windowStart(before, type, lookbackMs)) return before
  return laterWatermark(before, largest, type)
}

/** True when a window may leave rows in the table that are later than the watermark after it, so that the table no longer tells it. */
export function leavesRowsAhead(load: WindowedLoad): boolean {
  const { before, window, type, lookbackMs } = load
  return before === undefined || (window.from > windowStart(before, type, lookbackMs) && window.to > before)
}

/** True when the rows that the next transfer reads again all lie outside of the window, so that what is known of them holds. */
export function leavesLookbackAlone({ before, window, type, lookbackMs }: WindowedLoad): boolean {
  return before !== undefined && window.to <= windowStart(before, type, lookbackMs)
}
