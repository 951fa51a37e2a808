import type { RowField, ScalarKind, SqlType } from './sql-type.ts'
import { takeNumbers, type WordCursor, wordCursor } from './type-words.ts'

/** Reads a Glue column type such as `array<struct<a:int,b:decimal(3,1)>>`; none when Athena has no such type. */
export function parseHiveType(text: string): SqlType | undefined {
  try {
    const cursor = wordCursor(text)
    const type = takeHiveType(cursor)
    return cursor.peek() === undefined ? type : undefined
  } catch {
    // Whatever does not parse is no type: the caller says so with the column's name.
    return undefined
  }
}

const SCALARS: ReadonlyMap<string, ScalarKind> = new Map([
  ['boolean', 'boolean'],
  ['tinyint', 'tinyint'],
  ['smallint', 'smallint'],
  ['int', 'integer'],
  ['bigint', 'bigint'],
  ['float', 'real'],
  ['double', 'double'],
  ['date', 'date'],
  ['binary', 'varbinary'],
])

function takeHiveType(cursor: WordCursor): SqlType {
  const word = cursor.take()
  const scalar = SCALARS.get(word)
  if (scalar) return { kind: scalar }
  switch (word) {
    case 'string':
      return { kind: 'varchar' }
    case 'timestamp':
      return { kind: 'timestamp', precision: 3 }
    case 'varchar':
    case 'char':
      return { kind: word, length: takeNumbers(cursor)[0] ?? 1 }
    case 'decimal':
      return takeDecimal(cursor)
    case 'array':
      return { kind: 'array', element: between(cursor, () => takeHiveType(cursor)) }
    case 'map':
      return between(cursor, () => takeMap(cursor))
    case 'struct':
      return { kind: 'row', fields: between(cursor, () => takeFields(cursor)) }
    default:
      throw new Error(`Unknown type '${word}'`)
  }
}

function takeDecimal(cursor: WordCursor): SqlType {
  const [precision = 10, scale = 0] = takeNumbers(cursor)
  if (!(precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision)) {
    throw new Error('Decimal out of range')
  }
  return { kind: 'decimal', precision, scale }
}

function between<T>(cursor: WordCursor, take: () => T): T {
  cursor.expect('<')
  const value = take()
  cursor.expect('>')
  return value
}

function takeMap(cursor: WordCursor): SqlType {
  const key = takeHiveType(cursor)
  cursor.expect(',')
  return { kind: 'map', key, value: takeHiveType(cursor) }
}

function takeFields(cursor: WordCursor): readonly RowField[] {
  const fields: RowField[] = []
  do {
    const name = cursor.take().replaceAll('`', '')
    cursor.expect(':')
    fields.push({ name, type: takeHiveType(cursor) })
  } while (cursor.accept(','))
  return fields
}

/** Prints a type for Glue: `string`, `int`, `struct<a:int>`. */
export function hiveType(type: SqlType): string {
  switch (type.kind) {
    case 'integer':
      return 'int'
    case 'real':
      return 'float'
    case 'varbinary':
      return 'binary'
    case 'varchar':
      return type.length === undefined ? 'string' : `varchar(${type.length})`
    case 'char':
      return `char(${type.length})`
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'timestamptz':
      return 'timestamp with local time zone'
    case 'array':
      return `array<${hiveType(type.element)}>`
    case 'map':
      return `map<${hiveType(type.key)},${hiveType(type.value)}>`
    case 'row':
      return `struct<${type.fields.map(field => `${field.name ?? ''}:${hiveType(field.type)}`).join(',')}>`
    case 'time':
    case 'uuid':
    case 'json':
      return 'string'
    default:
      return type.kind
  }
}
