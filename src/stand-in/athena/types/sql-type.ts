/** A column's or expression's type in Athena's own words; `unknown` is the type of a bare NULL. */
export type SqlType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'varchar'; readonly length?: number }
  | { readonly kind: 'char'; readonly length: number }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'timestamp' | 'timestamptz' | 'time'; readonly precision: number }
  | { readonly kind: 'array'; readonly element: SqlType }
  | { readonly kind: 'map'; readonly key: SqlType; readonly value: SqlType }
  | { readonly kind: 'row'; readonly fields: readonly RowField[] }

/** The types that need no parameter. */
export type ScalarKind =
  | 'boolean'
  | 'tinyint'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'real'
  | 'double'
  | 'date'
  | 'varbinary'
  | 'json'
  | 'uuid'
  | 'interval'
  | 'unknown'

/** One field of a row; an anonymous row has no names. */
export interface RowField {
  readonly name?: string
  readonly type: SqlType
}

/** Prints a type as Athena's messages do: `decimal(38,9)`, `timestamp(6)`, `varchar(3)`; fields' names as `spellName` gives them. */
export function printType(type: SqlType, spellName = (name: string): string => name): string {
  switch (type.kind) {
    case 'varchar':
      return type.length === undefined ? 'varchar' : `varchar(${type.length})`
    case 'char':
      return `char(${type.length})`
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'timestamp':
    case 'time':
      return `${type.kind}(${type.precision})`
    case 'timestamptz':
      return `timestamp(${type.precision}) with time zone`
    case 'array':
      return `array(${printType(type.element, spellName)})`
    case 'map':
      return `map(${printType(type.key, spellName)}, ${printType(type.value, spellName)})`
    case 'row':
      return `row(${type.fields.map(field => printField(field, spellName)).join(', ')})`
    case 'interval':
      return 'interval day to second'
    default:
      return type.kind
  }
}

function printField({ name, type }: RowField, spellName: (name: string) => string): string {
  const printed = printType(type, spellName)
  return name === undefined ? printed : `${spellName(name)} ${printed}`
}

/** Prints a type for DuckDB, which has microseconds at most. */
export function duckdbType(type: SqlType): string {
  switch (type.kind) {
    case 'varchar':
    case 'char':
    case 'json':
      return 'VARCHAR'
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'timestamp':
      return 'TIMESTAMP'
    case 'timestamptz':
      return 'TIMESTAMPTZ'
    case 'time':
      return 'TIME'
    case 'array':
      return `${duckdbType(type.element)}[]`
    case 'map':
      return `MAP(${duckdbType(type.key)}, ${duckdbType(type.value)})`
    case 'row':
      return `STRUCT(${type.fields.map(duckdbField).join(', ')})`
    default:
      return DUCKDB_SCALARS[type.kind]
  }
}

const DUCKDB_SCALARS = {
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  real: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  varbinary: 'BLOB',
  json: 'VARCHAR',
  uuid: 'UUID',
  interval: 'INTERVAL',
  unknown: 'INTEGER',
} as const

function duckdbField(field: RowField, index: number): string {
  return `"${(field.name ?? `field${index}`).replaceAll('"', '""')}" ${duckdbType(field.type)}`
}

/** True for the types that arithmetic works on. */
export function isNumeric(type: SqlType): boolean {
  return NUMERIC_ORDER.includes(type.kind)
}

/** True for tinyint to bigint. */
export function isInteger(type: SqlType): boolean {
  return INTEGER_DIGITS.has(type.kind)
}

const NUMERIC_ORDER: readonly string[] = [
  'tinyint',
  'smallint',
  'integer',
  'bigint',
  'decimal',
  'real',
  'double',
]

/** Decimal digits that an integer type needs, as Trino counts them when it meets a decimal. */
const INTEGER_DIGITS: ReadonlyMap<string, number> = new Map([
  ['tinyint', 3],
  ['smallint', 5],
  ['integer', 10],
  ['bigint', 19],
])

/** The type both operands are brought to before they are compared or chosen between; none when they have none. */
export function commonType(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'unknown') return b
  if (b.kind === 'unknown') return a
  if (isNumeric(a) && isNumeric(b)) return commonNumeric(a, b)
  if (isText(a) && isText(b)) return commonText(a, b)
  if (a.kind === 'array' && b.kind === 'array') return commonArray(a.element, b.element)
  if (isMoment(a) && isMoment(b)) return commonMoment(a, b)
  if (a.kind === 'row' && b.kind === 'row') return commonRow(a.fields, b.fields)
  if (a.kind === 'map' && b.kind === 'map') return commonMap(a, b)
  return a.kind === b.kind ? a : undefined
}

function commonNumeric(a: SqlType, b: SqlType): SqlType {
  const decimalA = asDecimal(a)
  const decimalB = asDecimal(b)
  const wider = NUMERIC_ORDER.indexOf(a.kind) >= NUMERIC_ORDER.indexOf(b.kind) ? a : b
  if (wider.kind !== 'decimal' || !decimalA || !decimalB) return wider
  const scale = Math.max(decimalA.scale, decimalB.scale)
  const digits = Math.max(decimalA.precision - decimalA.scale, decimalB.precision - decimalB.scale)
  return { kind: 'decimal', precision: Math.min(38, digits + scale), scale }
}

/** An integer or decimal type seen as a decimal; none for the floating ones. */
export function asDecimal(type: SqlType): { readonly precision: number; readonly scale: number } | undefined {
  if (type.kind === 'decimal') return type
  const digits = INTEGER_DIGITS.get(type.kind)
  return digits === undefined ? undefined : { precision: digits, scale: 0 }
}

/** True for varchar and char of any length. */
export function isText(type: SqlType): boolean {
  return type.kind === 'varchar' || type.kind === 'char'
}

function commonText(a: SqlType, b: SqlType): SqlType {
  const [lengthA, lengthB] = [textLength(a), textLength(b)]
  if (lengthA === undefined || lengthB === undefined) return { kind: 'varchar' }
  return { kind: 'varchar', length: Math.max(lengthA, lengthB) }
}

function textLength(type: SqlType): number | undefined {
  return type.kind === 'varchar' || type.kind === 'char' ? type.length : undefined
}

function commonArray(a: SqlType, b: SqlType): SqlType | undefined {
  const element = commonType(a, b)
  return element && { kind: 'array', element }
}

function commonMap(a: MapType, b: MapType): SqlType | undefined {
  const [key, value] = [commonType(a.key, b.key), commonType(a.value, b.value)]
  return key && value && { kind: 'map', key, value }
}

type MapType = Extract<SqlType, { kind: 'map' }>

function isMoment(type: SqlType): boolean {
  return type.kind === 'date' || type.kind === 'timestamp' || type.kind === 'timestamptz'
}

function commonMoment(a: SqlType, b: SqlType): SqlType {
  const order = ['date', 'timestamp', 'timestamptz']
  const wider = order.indexOf(a.kind) >= order.indexOf(b.kind) ? a : b
  const precision = Math.max(momentPrecision(a), momentPrecision(b))
  return wider.kind === 'timestamp' || wider.kind === 'timestamptz' ? { kind: wider.kind, precision } : wider
}

function momentPrecision(type: SqlType): number {
  return type.kind === 'timestamp' || type.kind === 'timestamptz' ? type.precision : 0
}

function commonRow(a: readonly RowField[], b: readonly RowField[]): SqlType | undefined {
  if (a.length !== b.length) return undefined
  const fields: RowField[] = []
  for (const [index, field] of a.entries()) {
    const type = commonType(field.type, b[index]?.type ?? { kind: 'unknown' })
    if (!type) return undefined
    fields.push({ ...(field.name === undefined ? {} : { name: field.name }), type })
  }
  return { kind: 'row', fields }
}

/** True when a value may be stored in a column without an explicit cast, as Trino's INSERT and MERGE decide. */
export function isAssignable(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'unknown') return true
  if (from.kind === 'map' && to.kind === 'map') {
    return isAssignable(from.key, to.key) && isAssignable(from.value, to.value)
  }
  const common = commonType(from, to)
  return common !== undefined && withoutNames(common) === withoutNames(to)
}

function withoutNames(type: SqlType): string {
  if (type.kind === 'row') return `row(${type.fields.map(field => withoutNames(field.type)).join()})`
  if (type.kind === 'array') return `array(${withoutNames(type.element)})`
  return printType(type)
}
