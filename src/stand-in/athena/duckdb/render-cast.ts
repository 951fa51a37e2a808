import { errorAt, onlyOnTrino } from '../query-error.ts'
import type { Expression } from '../sql/ast.ts'
import { duckdbType, isInteger, isNumeric, isText, printType, type SqlType } from '../types/sql-type.ts'
import { isNested, type NestedType, partsOf, rebuilt } from './nested-sql.ts'
import type { Rendered } from './scope.ts'

type Cast = Extract<Expression, { kind: 'cast' }>

/** Writes CAST and TRY_CAST; where DuckDB would convert more loosely than Athena, the looseness is taken away. */
export function renderCast(expression: Cast, operand: Rendered): Rendered {
  const { type } = expression
  if (!isCastable(operand.type, type)) {
    const printed = `${printType(operand.type)} to ${printType(type)}`
    throw errorAt('TYPE_MISMATCH', expression.place, `Cannot cast ${printed}`)
  }
  const sql = castSql(operand.sql, operand.type, type)
  return { ...operand, sql: expression.lenient ? `TRY(${sql})` : sql, type }
}

const MOMENTS = ['date', 'timestamp', 'timestamptz']

function isCastable(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'unknown') return true
  if (isNested(from) && isNested(to)) return isNestedCastable(from, to)
  if (from.kind === to.kind) return true
  const isScalarText = isText(from) || isText(to)
  if (isScalarText)
    return !isNested(from) && !isNested(to) && from.kind !== 'varbinary' && to.kind !== 'varbinary'
  if (isNumeric(from) || from.kind === 'boolean') return isNumeric(to) || to.kind === 'boolean'
  return MOMENTS.includes(from.kind) && MOMENTS.includes(to.kind)
}

/** Casts go through arrays, maps and rows part by part; rows by their fields' places. */
function isNestedCastable(from: NestedType, to: NestedType): boolean {
  const [parts, wanted] = [partsOf(from), partsOf(to)]
  return (
    from.kind === to.kind &&
    parts.length === wanted.length &&
    parts.every((part, index) => isCastable(part, wanted[index] ?? part))
  )
}

/** DuckDB's text that turns a value of one type into another as Athena does. */
export function castSql(sql: string, from: SqlType, to: SqlType): string {
  const target = duckdbType(to)
  if (isNested(from) && isNested(to)) return castNested(sql, from, to)
  if (isText(to)) return castToText(sql, from, to)
  if (isText(from)) return castFromText(sql, to, target)
  if (isInteger(to) && (from.kind === 'double' || from.kind === 'real' || from.kind === 'decimal')) {
    return `CAST(round(${sql}) AS ${target})`
  }
  if ((to.kind === 'timestamp' || to.kind === 'timestamptz') && to.precision < precisionOf(from)) {
    return truncateMoment(`CAST(${sql} AS ${target})`, to.precision)
  }
  return printType(from) === printType(to) ? sql : `CAST(${sql} AS ${target})`
}

function castNested(sql: string, from: NestedType, to: NestedType): string {
  if (printType(from) === printType(to)) return sql
  const [parts, wanted] = [partsOf(from), partsOf(to)]
  const part = (inner: string, index: number): string => {
    const [one, other] = [parts[index], wanted[index]]
    return one && other ? castSql(inner, one, other) : inner
  }
  return rebuilt(sql, from, part, to)
}

function precisionOf(type: SqlType): number {
  return type.kind === 'timestamp' || type.kind === 'timestamptz' ? Math.min(type.precision, 6) : 0
}

function truncateMoment(sql: string, precision: number): string {
  if (precision >= 6) return sql
  if (precision !== 0 && precision !== 3) throw onlyOnTrino(`A cast to timestamp(${precision})`)
  // Athena rounds half up; half a unit is added before the rest is cut off.
  const [unit, half] = precision === 3 ? ['milliseconds', 500] : ['second', 500_000]
  return `date_trunc('${unit}', ${sql} + INTERVAL ${half} MICROSECONDS)`
}

function castToText(sql: string, from: SqlType, to: SqlType): string {
  if (from.kind === 'double' || from.kind === 'real')
    throw onlyOnTrino('A cast of a floating number to varchar')
  if (from.kind === 'timestamptz') throw onlyOnTrino('A cast of a timestamp with time zone to varchar')
  const text = isText(from) ? sql : momentText(sql, from)
  return to.kind === 'varchar' && to.length !== undefined ? `left(${text}, ${to.length})` : text
}

function momentText(sql: string, from: SqlType): string {
  if (from.kind !== 'timestamp') return `CAST(${sql} AS VARCHAR)`
  const digits = Math.min(from.precision, 6)
  const fraction = digits === 0 ? '' : ` || '.' || left(strftime(${sql}, '%f'), ${digits})`
  return `(left(CAST(${sql} AS VARCHAR), 19)${fraction})`
}

function castFromText(sql: string, to: SqlType, target: string): string {
  if (isInteger(to)) return `CAST(athena_integer_text(${sql}, '${to.kind.toUpperCase()}') AS ${target})`
  if (to.kind === 'boolean') return `athena_text_boolean(${sql})`
  return `CAST(${sql} AS ${target})`
}
