import type { RowField, ScalarKind, SqlType } from './sql-type.ts'
import { takeNumbers, type WordCursor, wordCursor } from './type-words.ts'

/** Reads a type as DML writes it (`decimal(38,9)`, `timestamp(6)`, `array(row(a bigint))`); none when there is no such type. */
export function parseTrinoType(text: string): SqlType | undefined {
  try {
    const cursor = wordCursor(text)
    const type = takeType(cursor)
    return cursor.peek() === undefined ? type : undefined
  } catch {
    // Whatever does not parse is no type: the caller reports it with its place in the statement.
    return undefined
  }
}

const SCALARS: ReadonlyMap<string, ScalarKind> = new Map([
  ['boolean', 'boolean'],
  ['tinyint', 'tinyint'],
  ['smallint', 'smallint'],
  ['int', 'integer'],
  ['integer', 'integer'],
  ['bigint', 'bigint'],
  ['real', 'real'],
  ['date', 'date'],
  ['varbinary', 'varbinary'],
  ['json', 'json'],
  ['uuid', 'uuid'],
])

function takeType(cursor: WordCursor): SqlType {
  const word = cursor.take()
  const scalar = SCALARS.get(word)
  if (scalar) return { kind: scalar }
  switch (word) {
    case 'double':
      cursor.accept('precision')
      return { kind: 'double' }
    case 'varchar':
      return takeVarchar(cursor)
    case 'char':
      return { kind: 'char', length: takeNumbers(cursor)[0] ?? 1 }
    case 'decimal':
      return takeDecimal(cursor)
    case 'time':
      return { kind: 'time', precision: takeNumbers(cursor)[0] ?? 3 }
    case 'timestamp':
      return takeTimestamp(cursor)
    case 'array':
    case 'map':
    case 'row':
      return takeNested(word, cursor)
    default:
      throw new Error(`Unknown type '${word}'`)
  }
}

function takeVarchar(cursor: WordCursor): SqlType {
  const [length] = takeNumbers(cursor)
  return length === undefined ? { kind: 'varchar' } : { kind: 'varchar', length }
}

function takeDecimal(cursor: WordCursor): SqlType {
  const [precision = 38, scale = 0] = takeNumbers(cursor)
  if (!(precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision)) {
    throw new Error('Decimal out of range')
  }
  return { kind: 'decimal', precision, scale }
}

function takeTimestamp(cursor: WordCursor): SqlType {
  const [precision = 3] = takeNumbers(cursor)
  if (!(precision >= 0 && precision <= 12)) throw new Error('Timestamp precision out of range')
  if (!cursor.accept('with')) return { kind: 'timestamp', precision }
  cursor.expect('time')
  cursor.expect('zone')
  return { kind: 'timestamptz', precision }
}

function takeNested(kind: 'array' | 'map' | 'row', cursor: WordCursor): SqlType {
  const closing = cursor.accept('<') ? '>' : ')'
  if (closing === ')') cursor.expect('(')
  const type = takeInside(kind, cursor)
  cursor.expect(closing)
  return type
}

function takeInside(kind: 'array' | 'map' | 'row', cursor: WordCursor): SqlType {
  if (kind === 'array') return { kind, element: takeType(cursor) }
  if (kind === 'row') return { kind, fields: takeFields(cursor) }
  const key = takeType(cursor)
  cursor.expect(',')
  return { kind, key, value: takeType(cursor) }
}

function takeFields(cursor: WordCursor): readonly RowField[] {
  const fields: RowField[] = []
  do {
    const name = cursor.take().replaceAll('"', '')
    fields.push({ name, type: takeType(cursor) })
  } while (cursor.accept(','))
  return fields
}
