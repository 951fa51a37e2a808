import { errorAt, onlyOnTrino, type Place } from '../query-error.ts'
import type { ArithmeticOperator, ComparisonOperator, Expression } from '../sql/ast.ts'
import {
  asDecimal,
  commonType,
  duckdbType,
  isInteger,
  isNumeric,
  isText,
  printType,
  type SqlType,
} from '../types/sql-type.ts'
import { holds, isNested, partsOf, rebuilt, rebuiltEntries } from './nested-sql.ts'
import { commonOf, requireBoolean } from './require-type.ts'
import { joinOrigins, type Rendered } from './scope.ts'

type Binary = Extract<Expression, { kind: 'binary' }>

/** Writes one operator between two operands; both must have a common type, as Athena never converts texts by itself. */
export function renderBinary(expression: Binary, render: (inner: Expression) => Rendered): Rendered {
  const { operator, place } = expression
  const [left, right] = [render(expression.left), render(expression.right)]
  switch (operator) {
    case 'and':
    case 'or':
      return renderLogical(operator, left, right, expression)
    case '||':
      return renderConcat(left, right, place)
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return renderArithmetic(operator, left, right, place)
    case 'is distinct from':
    case 'is not distinct from':
      requireComparable(operator, left, right, place)
      return joined(left, right, `(${withoutOrder(left)} ${operator} ${withoutOrder(right)})`, {
        kind: 'boolean',
      })
    default:
      return renderComparison(operator, left, right, place)
  }
}

function joined(left: Rendered, right: Rendered, sql: string, type: SqlType): Rendered {
  return { sql, type, origins: joinOrigins(left.origins, right.origins) }
}

function renderLogical(
  operator: 'and' | 'or',
  left: Rendered,
  right: Rendered,
  expression: Binary,
): Rendered {
  const what = `Logical expression term`
  requireBoolean(left, expression.left.place, what)
  requireBoolean(right, expression.right.place, what)
  return joined(left, right, `(${left.sql} ${operator.toUpperCase()} ${right.sql})`, { kind: 'boolean' })
}

function requireComparable(operator: string, left: Rendered, right: Rendered, place: Place): SqlType {
  return commonOf(
    left.type,
    right.type,
    place,
    (a, b) => `Cannot apply operator: ${a} ${operator.toUpperCase()} ${b}`,
  )
}

/** Writes a comparison; NaN equals nothing and is smaller than nothing, unlike in DuckDB. */
export function renderComparison(
  operator: ComparisonOperator,
  left: Rendered,
  right: Rendered,
  place: Place,
): Rendered {
  const type = requireComparable(operator, left, right, place)
  const plain = `(${withoutOrder(left)} ${operator} ${withoutOrder(right)})`
  const isFloating = type.kind === 'double' || type.kind === 'real'
  const sql = isFloating ? withNaN(operator, plain, left.sql, right.sql) : plain
  return joined(left, right, sql, { kind: 'boolean' })
}

/** Maps as sorted entries: the order of entries counts for DuckDB when it compares, and for Athena it does not. */
function withoutOrder({ sql, type }: Pick<Rendered, 'sql' | 'type'>): string {
  if (!isNested(type) || !holds(type, one => one.kind === 'map')) return sql
  const parts = partsOf(type)
  const part = (inner: string, index: number): string =>
    withoutOrder({ sql: inner, type: parts[index] ?? type })
  return type.kind === 'map' ? `list_sort(${rebuiltEntries(sql, type, part)})` : rebuilt(sql, type, part)
}

function withNaN(operator: ComparisonOperator, plain: string, left: string, right: string): string {
  const isNaNLeft = `isnan(CAST(${left} AS DOUBLE))`
  if (operator === '=') return `(${plain} AND NOT ${isNaNLeft})`
  if (operator === '<>') return `(${plain} OR ${isNaNLeft})`
  return `(${plain} AND NOT ${isNaNLeft} AND NOT isnan(CAST(${right} AS DOUBLE)))`
}

function renderConcat(left: Rendered, right: Rendered, place: Place): Rendered {
  const isJoinable = [left, right].every(
    ({ type }) => isText(type) || ['array', 'varbinary', 'unknown'].includes(type.kind),
  )
  const type = commonType(left.type, right.type)
  if (!isJoinable || !type) {
    const printed = `${printType(left.type)}, ${printType(right.type)}`
    throw errorAt('TYPE_MISMATCH', place, `Unexpected parameters (${printed}) for function concat`)
  }
  return joined(left, right, `(${left.sql} || ${right.sql})`, isText(type) ? { kind: 'varchar' } : type)
}

function renderArithmetic(
  operator: ArithmeticOperator,
  left: Rendered,
  right: Rendered,
  place: Place,
): Rendered {
  if (left.type.kind === 'interval' || right.type.kind === 'interval') {
    return renderMomentArithmetic(operator, left, right)
  }
  const type = commonOf(
    left.type,
    right.type,
    place,
    (a, b) => `Cannot apply operator: ${a} ${operator} ${b}`,
  )
  if (!isNumeric(type) && type.kind !== 'unknown') {
    const printed = `${printType(left.type)} ${operator} ${printType(right.type)}`
    throw errorAt('TYPE_MISMATCH', place, `Cannot apply operator: ${printed}`)
  }
  if (type.kind === 'decimal') return renderDecimal(operator, left, right)
  const sql = isInteger(type)
    ? renderInteger(operator, left.sql, right.sql, duckdbType(type))
    : `(CAST(${left.sql} AS ${duckdbType(type)}) ${operator} CAST(${right.sql} AS ${duckdbType(type)}))`
  return joined(left, right, sql, type)
}

function renderInteger(operator: ArithmeticOperator, left: string, right: string, type: string): string {
  const [a, b] = [`CAST(${left} AS ${type})`, `CAST(${right} AS ${type})`]
  if (operator === '/') return `athena_divide(${a}, ${b})`
  if (operator === '%') return `athena_modulo(${a}, ${b})`
  return `(${a} ${operator} ${b})`
}

function renderMomentArithmetic(operator: ArithmeticOperator, left: Rendered, right: Rendered): Rendered {
  const moment = left.type.kind === 'interval' ? right : left
  const isMoment = ['date', 'timestamp', 'timestamptz'].includes(moment.type.kind)
  if (!isMoment || (operator !== '+' && operator !== '-')) throw onlyOnTrino('Arithmetic of intervals')
  return joined(
    left,
    right,
    `CAST((${left.sql} ${operator} ${right.sql}) AS ${duckdbType(moment.type)})`,
    moment.type,
  )
}

interface Digits {
  readonly precision: number
  readonly scale: number
}

function renderDecimal(operator: ArithmeticOperator, left: Rendered, right: Rendered): Rendered {
  const [a, b] = [asDecimal(left.type), asDecimal(right.type)]
  if (!a || !b || operator === '%') throw onlyOnTrino(`The operator ${operator} between decimals`)
  const digits = decimalResult(operator, a, b)
  const type: SqlType = { kind: 'decimal', precision: Math.min(38, digits.precision), scale: digits.scale }
  if (operator === '/' && Math.max(a.precision, b.precision) > 15) {
    throw onlyOnTrino('Division of decimals of more than 15 digits')
  }
  const [sqlA, sqlB] = [asDecimalSql(left, a), asDecimalSql(right, b)]
  const sql = operator === '/' ? `athena_divide_decimal(${sqlA}, ${sqlB})` : `(${sqlA} ${operator} ${sqlB})`
  return joined(left, right, `CAST(${sql} AS ${duckdbType(type)})`, type)
}

function asDecimalSql(value: Rendered, digits: Digits): string {
  return value.type.kind === 'decimal'
    ? value.sql
    : `CAST(${value.sql} AS DECIMAL(${digits.precision},${digits.scale}))`
}

/** Trino's rules for the digits of a result. */
function decimalResult(operator: ArithmeticOperator, a: Digits, b: Digits): Digits {
  if (operator === '*') return { precision: a.precision + b.precision, scale: a.scale + b.scale }
  if (operator === '/') {
    return {
      precision: a.precision + b.scale + Math.max(b.scale - a.scale, 0),
      scale: Math.max(a.scale, b.scale),
    }
  }
  const scale = Math.max(a.scale, b.scale)
  return { precision: Math.max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale }
}
