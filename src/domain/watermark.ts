import type { ColumnType } from './column-type.ts'

/**
 * A watermark is the largest cursor value staged so far, in canonical text: timestamps as
 * `YYYY-MM-DDTHH:MM:SS.ffffffZ`, dates as `YYYY-MM-DD`, integers in digits. Timestamps and dates sort as text.
 */
export type Watermark = string

const MS_PER_DAY = 86_400_000

/** Spans that a lookback is looked at in; their number bounds what is kept of it while rows are staged. */
const SPANS = 256

/** Length of the spans into which timestamps of a lookback fall, in whole seconds given as milliseconds. */
export function spanMs(lookbackMs: number): number {
  return Math.max(Math.ceil(lookbackMs / SPANS / 1000), 1) * 1000
}

/**
 * Where the next window begins, inclusive: the watermark less the lookback, for timestamps at the beginning of that
 * span and for dates in whole days; the watermark itself for integers, whose rows of equal cursor are read again.
 */
export function windowStart(watermark: Watermark, type: ColumnType, lookbackMs: number): string {
  if (type.kind === 'date') {
    const days = Math.ceil(lookbackMs / MS_PER_DAY)
    return shiftedIso(watermark, -days * MS_PER_DAY).slice(0, 10)
  }
  if (type.kind !== 'timestamp') return watermark
  const startMs = Date.parse(`${watermark.slice(0, 23)}Z`) - lookbackMs
  return `${shiftedIso(new Date(startMs - modulo(startMs, spanMs(lookbackMs))).toISOString(), 0).slice(0, 23)}000Z`
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}

/** ISO 8601 in UTC with milliseconds, not before the first day of year 1. */
function shiftedIso(text: string, byMs: number): string {
  const earliest = Date.parse('0001-01-01T00:00:00.000Z')
  return new Date(Math.max(Date.parse(text) + byMs, earliest)).toISOString()
}

/** The later of two watermarks; undefined counts as earliest. */
export function laterWatermark(
  left: Watermark | undefined,
  right: Watermark | undefined,
  type: ColumnType,
): Watermark | undefined {
  if (left === undefined || right === undefined) return left ?? right
  const isLater =
    type.kind === 'integer' || type.kind === 'bigint' ? BigInt(right) > BigInt(left) : right > left
  return isLater ? right : left
}

/**
 * A watermark that a person wrote, in canonical text: `2026-01-31T12:00:00Z` with up to six digits of fraction, a date
 * `2026-01-31`, or a whole number, as the cursor's type is. Undefined for anything else.
 */
export function parseWatermark(text: string, type: ColumnType): Watermark | undefined {
  if (type.kind === 'integer' || type.kind === 'bigint') {
    return /^(0|-?[1-9]\d{0,18})$/.test(text) ? text : undefined
  }
  if (type.kind === 'date') return isDay(text) ? text : undefined
  const match = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?Z$/.exec(text)
  if (type.kind !== 'timestamp' || !match) return undefined
  const [, day = '', hour, minute, second, fraction = ''] = match
  return isDay(day) ? `${day}T${hour}:${minute}:${second}.${fraction.padEnd(6, '0')}Z` : undefined
}

/** A real day of the years 0001 to 9999. */
function isDay(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) && text >= '0001' ? Date.parse(text) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}
