import type { ScalarType } from '../domain/column-type.ts'
import type { Cell } from './json-line.ts'

/** A cell in the canonical text that the encoder casts without loss, or why it does not fit. */
export type CellOutcome = { readonly text: string } | CellProblem

/** Why a cell does not fit. */
export interface CellProblem {
  readonly reason: string
  /** The part that does not fit: its place behind the column's name, such as `[3].price`, and its text. */
  readonly part?: { readonly path: string; readonly text: string }
}

/** Bounds of a timestamp in Athena: 0001-01-01 to the last microsecond of 9999, in microseconds since the epoch. */
const TIMESTAMP_MICROS = { min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n } as const

/**
 * Reads a cell as a column's type. Exact or refused: nothing is rounded, cut, trimmed or coerced. Texts stand for values
 * of any type but `json`, as CSV has no others; a JSON number or boolean does not stand for a `string`.
 */
export function readCell(type: ScalarType, cell: Cell): CellOutcome {
  if (type.kind === 'json') return readJson(cell)
  if (cell.kind === 'json') return { reason: `is a JSON object or list, not a ${type.kind}` }
  if (cell.text.length > MAX_LENGTH && !LONG_KINDS.includes(type.kind))
    return { reason: `is longer than any ${type.kind}` }
  switch (type.kind) {
    case 'string':
      return cell.kind === 'string'
        ? readString(cell.text)
        : { reason: `is a JSON ${cell.kind}, not a string` }
    case 'boolean':
      return /^(true|false)$/i.test(cell.text)
        ? { text: cell.text.toLowerCase() }
        : { reason: 'is not true or false' }
    case 'integer':
      return readInteger(cell.text, 31n)
    case 'bigint':
      return readInteger(cell.text, 63n)
    case 'decimal':
      return readDecimal(cell.text, type)
    case 'float':
    case 'double':
      return readFloatingPoint(cell.text, type.kind)
    case 'date':
      return readDate(cell.text)
    case 'timestamp':
      return readTimestamp(cell.text)
    case 'uuid':
      return matching(cell.text, UUID, 'is not a UUID of 8-4-4-4-12 hexadecimal digits')
    case 'time':
      return matching(cell.text, TIME, 'is not a time HH:MM:SS with at most 6 digits of fraction')
    case 'bytes':
      return isBase64(cell.text) ? { text: cell.text } : { reason: 'is not base64' }
  }
}

/** Characters that a value of the other kinds may have; regular expressions cannot go through megabytes. */
const MAX_LENGTH = 10_000

const LONG_KINDS: readonly string[] = ['string', 'bytes']

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/

/** Looks for what does not belong there, which needs no memory however long the text is. */
function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='))
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.slice(0, text.length - padding))
}

function matching(text: string, pattern: RegExp, reason: string): CellOutcome {
  return pattern.test(text) ? { text } : { reason }
}

function readString(text: string): CellOutcome {
  return text.isWellFormed() ? { text } : { reason: 'holds half of a surrogate pair, which is no character' }
}

/** Objects, lists, numbers and booleans keep their spelling; a text must be JSON itself and keeps its own. */
function readJson({ kind, text }: Cell): CellOutcome {
  if (!text.isWellFormed()) return { reason: 'holds half of a surrogate pair, which is no character' }
  if (kind !== 'string') return { text }
  try {
    JSON.parse(text)
    return { text }
  } catch {
    return { reason: 'is not JSON' }
  }
}

/** Sign, digits before and after the point, and exponent, as one whole number of `10^exponent`. */
function parseNumber(text: string): { readonly digits: bigint; readonly exponent: number } | undefined {
  const match = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text)
  if (!match) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const digits = BigInt(whole + fraction)
  return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - fraction.length }
}

/** The number times `10^scale`, if that is whole. */
function scaledTo(
  number: { readonly digits: bigint; readonly exponent: number },
  scale: number,
): bigint | undefined {
  if (number.digits === 0n) return 0n
  const shift = number.exponent + scale
  if (shift >= 0) return shift > 100 ? undefined : number.digits * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return number.digits % divisor === 0n ? number.digits / divisor : undefined
}

function readInteger(text: string, bits: bigint): CellOutcome {
  const number = parseNumber(text)
  if (!number) return { reason: 'is not a whole number' }
  const value = scaledTo(number, 0)
  if (value === undefined) return { reason: number.exponent < 0 ? 'has a fraction' : outOfRange(bits) }
  return -(2n ** bits) <= value && value < 2n ** bits ? { text: String(value) } : { reason: outOfRange(bits) }
}

function outOfRange(bits: bigint): string {
  return `is outside of ${-(2n ** bits)} to ${2n ** bits - 1n}`
}

function readDecimal(
  text: string,
  type: { readonly precision: number; readonly scale: number },
): CellOutcome {
  const name = `decimal(${type.precision},${type.scale})`
  const number = parseNumber(text)
  if (!number) return { reason: `is not a ${name}` }
  const scaled = scaledTo(number, type.scale)
  if (scaled === undefined && number.exponent < 0)
    return { reason: `has more than ${type.scale} digits after the point of ${name}` }
  if (scaled === undefined || abs(scaled) >= 10n ** BigInt(type.precision))
    return { reason: `has too many digits for ${name}` }
  const digits = abs(scaled)
    .toString()
    .padStart(type.scale + 1, '0')
  const point = digits.length - type.scale
  const fraction = type.scale === 0 ? '' : `.${digits.slice(point)}`
  return { text: `${scaled < 0n ? '-' : ''}${digits.slice(0, point)}${fraction}` }
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value
}

/** Spellings of what JSON numbers cannot say, as texts. */
const NOT_FINITE: Readonly<Record<string, string>> = {
  nan: 'NaN',
  inf: 'Infinity',
  '+inf': 'Infinity',
  infinity: 'Infinity',
  '+infinity': 'Infinity',
  '-inf': '-Infinity',
  '-infinity': '-Infinity',
}

function readFloatingPoint(text: string, kind: 'float' | 'double'): CellOutcome {
  const special = NOT_FINITE[text.toLowerCase()]
  if (special) return { text: special }
  if (!parseNumber(text)) return { reason: `is not a ${kind}` }
  const value = kind === 'float' ? Math.fround(Number(text)) : Number(text)
  return Number.isFinite(value) ? { text } : { reason: `is too large for a ${kind}` }
}

function readDate(text: string): CellOutcome {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseDay(text) : undefined
  return day === undefined ? { reason: 'is not a date YYYY-MM-DD from 0001-01-01 on' } : { text }
}

/** Milliseconds since the epoch of a real day in 0001–9999. */
function parseDay(text: string): number | undefined {
  const ms = Date.parse(`${text}T00:00:00.000Z`)
  const isReal = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
  return isReal && text >= '0001' ? ms : undefined
}

const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(?:\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?$/

/** Microseconds since the epoch; no zone means UTC. */
function readTimestamp(text: string): CellOutcome {
  const match = TIMESTAMP.exec(text)
  const [, day = '', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match ?? []
  const dayMs = match ? parseDay(day) : undefined
  const isTime = hour <= '23' && minute <= '59' && second <= '59'
  const offset = offsetMinutes(zone)
  if (dayMs === undefined || !isTime || offset === undefined)
    return { reason: 'is not an ISO 8601 timestamp of the years 0001 to 9999' }
  if (/[1-9]/.test(fraction.slice(6))) return { reason: 'has more than 6 digits after the second' }
  const seconds =
    BigInt(dayMs) / 1000n + BigInt(Number(hour) * 3600 + (Number(minute) - offset) * 60 + Number(second))
  const micros = seconds * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
  const inRange = TIMESTAMP_MICROS.min <= micros && micros <= TIMESTAMP_MICROS.max
  return inRange ? { text: String(micros) } : { reason: 'is outside of the years 0001 to 9999 in UTC' }
}

function offsetMinutes(zone: string): number | undefined {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone)
  if (!match) return 0
  const [, sign, hours = '00', minutes = '00'] = match
  if (hours > '15' || minutes > '59') return undefined
  const offset = Number(hours) * 60 + Number(minutes)
  return sign === '-' ? -offset : offset
}
