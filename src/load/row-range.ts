import type { ColumnType } from '../domain/column-type.ts'
import { sqlLiteral } from './sql-literal.ts'

/**
 * Rows whose value of one column lies in `[from, to)`, both in canonical text and open where undefined. Of the ranges that
 * a column is cut into exactly one has the rows whose value is NULL, `with` others or `only` these, and the others are
 * `without`: so each row lies in exactly one, whatever its value.
 */
export interface ColumnRange {
  /** Name in the tables. */
  readonly column: string
  readonly type: ColumnType
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly nulls: 'with' | 'without' | 'only'
}

/** Rows by a hash of their identity: the numbers `[from, to)` of its first 16 bits, of which there are 65,536. */
export interface HashRange {
  readonly from: number
  readonly to: number
}

/** Which of the staged rows a statement loads: those in all of the column ranges whose hash is in the range. */
export interface RowRange {
  readonly columns: readonly ColumnRange[]
  readonly hash: HashRange
}

/** Values of the part of a hash that rows are divided by. */
export const HASH_VALUES = 65_536

/** Every row. */
export const ALL_ROWS: RowRange = { columns: [], hash: { from: 0, to: HASH_VALUES } }

/** Most parts into which rows are divided by halving again and again. */
const MAX_PARTS = 64

/** The two halves of a range by the rows' hash; undefined when it is a sixty-fourth of all already. */
export function halved({ columns, hash }: RowRange): readonly [RowRange, RowRange] | undefined {
  const middle = (hash.from + hash.to) / 2
  if (hash.to - hash.from <= HASH_VALUES / MAX_PARTS) return undefined
  return [
    { columns, hash: { from: hash.from, to: middle } },
    { columns, hash: { from: middle, to: hash.to } },
  ]
}

/** Conditions that hold for the rows of the column ranges; `nameOf` spells a column. */
export function rangeConditions(
  { columns }: RowRange,
  nameOf: (column: string) => string,
): readonly string[] {
  return columns.flatMap(range => {
    const name = nameOf(range.column)
    if (range.nulls === 'only') return [`${name} IS NULL`]
    const limits = [
      ...limit(`${name} >=`, range.type, range.from),
      ...limit(`${name} <`, range.type, range.to),
    ]
    if (range.nulls === 'without') return limits.length === 0 ? [`${name} IS NOT NULL`] : limits
    return limits.length === 0 ? [] : [`(${limits.join(' AND ')} OR ${name} IS NULL)`]
  })
}

function limit(comparison: string, type: ColumnType, value: string | undefined): readonly string[] {
  const literal = value === undefined ? undefined : sqlLiteral(type, value)
  return literal === undefined ? [] : [`${comparison} ${literal}`]
}

/** A condition on a hash of hexadecimal digits in lower case; undefined when the range has all of them. */
export function hashCondition({ hash }: RowRange, value: string): string | undefined {
  const limits = [
    ...(hash.from === 0 ? [] : [`${value} >= '${digits(hash.from)}'`]),
    ...(hash.to === HASH_VALUES ? [] : [`${value} < '${digits(hash.to)}'`]),
  ]
  return limits.length === 0 ? undefined : limits.join(' AND ')
}

function digits(part: number): string {
  return part.toString(16).padStart(4, '0')
}
