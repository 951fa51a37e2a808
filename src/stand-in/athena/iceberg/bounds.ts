import type { SqlType } from '../types/sql-type.ts'
import { twosComplement } from './twos-complement.ts'

/** A column value in a form that can be compared: numbers of every exact kind as bigint, texts as UTF-8 bytes. */
export type Bound = bigint | number | Buffer

/**
 * Reads a value from the text that DuckDB, a literal or a statistic gives; decimals become unscaled, dates days and
 * timestamps microseconds since 1970. None for types without an order, and for texts that are no such value.
 */
export function parseBound(text: string, type: SqlType): Bound | undefined {
  switch (type.kind) {
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
      return /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined
    case 'boolean':
      return BigInt(text === 'true' || text === '1')
    case 'real':
    case 'double':
      return Number.isNaN(Number(text)) ? undefined : Number(text)
    case 'decimal':
      return unscaled(text, type.scale)
    case 'date':
      return dayBound(text)
    case 'timestamp':
    case 'timestamptz':
      return microsecondBound(text)
    case 'varchar':
      return Buffer.from(text)
    default:
      return undefined
  }
}

function unscaled(text: string, scale: number): bigint | undefined {
  const found = /^([+-]?)(\d*)\.?(\d*)$/.exec(text)
  if (!found) return undefined
  const [, sign, whole = '', fraction = ''] = found
  const excess = fraction.slice(scale)
  if (/[1-9]/.test(excess)) return undefined
  const digits = BigInt(`${whole}${fraction.slice(0, scale).padEnd(scale, '0')}` || '0')
  return sign === '-' ? -digits : digits
}

const MS_PER_DAY = 86_400_000

function utcMs(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime()
}

function dayBound(text: string): bigint | undefined {
  const found = /^(-?\d{1,6})-(\d{1,2})-(\d{1,2})$/.exec(text)
  if (!found) return undefined
  return BigInt(utcMs(Number(found[1]), Number(found[2]), Number(found[3])) / MS_PER_DAY)
}

const MOMENT =
  /^(-?\d{1,6}-\d{1,2}-\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?(?:\+00)?$/

function microsecondBound(text: string): bigint | undefined {
  const found = MOMENT.exec(text)
  const days = found?.[1] === undefined ? undefined : dayBound(found[1])
  if (!found || days === undefined) return undefined
  const [, , hour = '0', minute = '0', second = '0', fraction = ''] = found
  const seconds = BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second)
  return (days * 86_400n + seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
}

/** True when `a` comes after `b`; both must be bounds of one type. */
export function isAfter(a: Bound, b: Bound): boolean {
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return Buffer.compare(a, b) > 0
  return a > b
}

/** How many characters of a text a bound keeps, Iceberg's default `truncate(16)`. */
const TEXT_BOUND_LENGTH = 16

/** Writes a lower or upper bound as Iceberg's single-value binary; none when no short upper bound exists. */
export function encodeBound(bound: Bound, type: SqlType, side: 'lower' | 'upper'): Buffer | undefined {
  if (Buffer.isBuffer(bound)) return encodeText(bound, side)
  switch (type.kind) {
    case 'boolean':
      return Buffer.from([Number(bound)])
    case 'integer':
    case 'date':
      return fixedBuffer(4, buffer => buffer.writeInt32LE(Number(bound)))
    case 'bigint':
    case 'timestamp':
    case 'timestamptz':
      return fixedBuffer(8, buffer => buffer.writeBigInt64LE(BigInt(bound)))
    case 'real':
      return fixedBuffer(4, buffer => buffer.writeFloatLE(Number(bound)))
    case 'double':
      return fixedBuffer(8, buffer => buffer.writeDoubleLE(Number(bound)))
    case 'decimal':
      return twosComplement(BigInt(bound))
    default:
      return undefined
  }
}

function fixedBuffer(size: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(size)
  write(buffer)
  return buffer
}

function encodeText(bound: Buffer, side: 'lower' | 'upper'): Buffer | undefined {
  const characters = [...bound.toString()]
  if (characters.length <= TEXT_BOUND_LENGTH) return bound
  const kept = characters.slice(0, TEXT_BOUND_LENGTH)
  return side === 'lower' ? Buffer.from(kept.join('')) : incremented(kept)
}

/** The shortest text after every text that begins with these characters. */
function incremented(characters: readonly string[]): Buffer | undefined {
  for (let last = characters.length - 1; last >= 0; last -= 1) {
    const next = (characters[last]?.codePointAt(0) ?? 0) + 1
    const isValid = next <= 0x10ffff && !(next >= 0xd800 && next <= 0xdfff)
    if (isValid) return Buffer.from(characters.slice(0, last).join('') + String.fromCodePoint(next))
  }
  return undefined
}

/** Reads a bound from Iceberg's single-value binary; an int that was promoted since reads as its wider type. */
export function decodeBound(buffer: Buffer, type: SqlType): Bound | undefined {
  switch (type.kind) {
    case 'boolean':
      return BigInt(buffer[0] ?? 0)
    case 'integer':
    case 'bigint':
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return buffer.length === 4 ? BigInt(buffer.readInt32LE()) : buffer.readBigInt64LE()
    case 'real':
    case 'double':
      return buffer.length === 4 ? buffer.readFloatLE() : buffer.readDoubleLE()
    case 'decimal':
      return BigInt.asIntN(buffer.length * 8, BigInt(`0x${buffer.toString('hex')}`))
    case 'varchar':
      return buffer
    default:
      return undefined
  }
}
