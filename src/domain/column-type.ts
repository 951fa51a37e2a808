/**
 * The type of a model's column. `kind` names match facts.md's type table; every switch over them is exhaustive.
 * `json`, `uuid` and `time` are text in the tables, but each is validated as what it says.
 */
export type ColumnType = ScalarType | NestedType

/** A type whose values have no parts. */
export type ScalarType =
  | { readonly kind: Exclude<ScalarKind, 'decimal'> }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }

/** A type whose values are made of others. Every part of a value may be NULL, the keys of a map aside. */
export type NestedType =
  | { readonly kind: 'list'; readonly element: ColumnType }
  | { readonly kind: 'map'; readonly key: ScalarType; readonly value: ColumnType }
  | { readonly kind: 'struct'; readonly members: readonly StructMember[] }

/** One member of a struct; `name` is the source's spelling, `tableName` the table's. */
export interface StructMember {
  readonly name: string
  readonly tableName: string
  readonly type: ColumnType
}

/** Every scalar type by its name. */
export const SCALAR_KINDS = [
  'boolean',
  'integer',
  'bigint',
  'float',
  'double',
  'decimal',
  'string',
  'json',
  'uuid',
  'time',
  'bytes',
  'date',
  'timestamp',
] as const

/** The name of a scalar type. */
export type ScalarKind = (typeof SCALAR_KINDS)[number]

/** True for lists, maps and structs. */
export function isNested(type: ColumnType): type is NestedType {
  return type.kind === 'list' || type.kind === 'map' || type.kind === 'struct'
}

/** Kinds whose equality is not identity: NaN, or text that is equal in other spellings. */
const KEYLESS_KINDS: readonly string[] = ['float', 'double', 'json', 'bytes']

/** True for types whose values can tell rows, or the entries of a map, from each other. */
export function canBeKey(type: ColumnType): type is ScalarType {
  return !isNested(type) && !KEYLESS_KINDS.includes(type.kind)
}

/** True when values of the type are timestamps or have some in them. */
export function holdsTimestamp(type: ColumnType): boolean {
  switch (type.kind) {
    case 'list':
      return holdsTimestamp(type.element)
    case 'map':
      return holdsTimestamp(type.key) || holdsTimestamp(type.value)
    case 'struct':
      return type.members.some(member => holdsTimestamp(member.type))
    default:
      return type.kind === 'timestamp'
  }
}

/** The type as a model file spells it. */
export function formatColumnType(type: ColumnType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'list':
      return `list<${formatColumnType(type.element)}>`
    case 'map':
      return `map<${formatColumnType(type.key)}, ${formatColumnType(type.value)}>`
    case 'struct':
      return `struct<${type.members.map(formatMember).join(', ')}>`
    default:
      return type.kind
  }
}

function formatMember({ name, type }: StructMember): string {
  const spelled = /^[\p{L}\p{N}_]+$/u.test(name) ? name : JSON.stringify(name)
  return `${spelled}: ${formatColumnType(type)}`
}

/**
 * The type of the Iceberg target column as Glue spells it; Athena's DDL spells it alike, with the members' names quoted
 * by `quoteName`.
 */
export function targetTypeOf(type: ColumnType, quoteName = (name: string): string => name): string {
  switch (type.kind) {
    case 'list':
      return `array<${targetTypeOf(type.element, quoteName)}>`
    case 'map':
      return `map<${targetTypeOf(type.key, quoteName)},${targetTypeOf(type.value, quoteName)}>`
    case 'struct': {
      const members = type.members.map(member => {
        return `${quoteName(member.tableName)}:${targetTypeOf(member.type, quoteName)}`
      })
      return `struct<${members.join(',')}>`
    }
    default:
      return targetScalarOf(type)
  }
}

function targetScalarOf(type: ScalarType): string {
  switch (type.kind) {
    case 'integer':
      return 'int'
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'string':
    case 'json':
    case 'uuid':
    case 'time':
      return 'string'
    case 'bytes':
      return 'binary'
    default:
      return type.kind
  }
}

/**
 * The type of the column in the Glue staging table. It differs from the target's for timestamps only, since Hive tables
 * cut them to milliseconds (facts.md, T): they are staged as microseconds since the epoch, within nested values as text,
 * which one cast of the whole value makes timestamps again.
 */
export function stagingTypeOf(type: ColumnType): string {
  return type.kind === 'timestamp' ? 'bigint' : targetTypeOf(withTextTimestamps(type))
}

function withTextTimestamps(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'list':
      return { ...type, element: withTextTimestamps(type.element) }
    case 'map':
      return { kind: 'map', key: textTimestamp(type.key), value: withTextTimestamps(type.value) }
    case 'struct':
      return {
        kind: 'struct',
        members: type.members.map(member => ({ ...member, type: withTextTimestamps(member.type) })),
      }
    default:
      return textTimestamp(type)
  }
}

function textTimestamp(type: ScalarType): ScalarType {
  return type.kind === 'timestamp' ? { kind: 'string' } : type
}
