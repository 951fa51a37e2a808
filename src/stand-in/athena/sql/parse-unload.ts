import { namedError, notImitated } from '../query-error.ts'
import type { DmlStatement } from './ast.ts'
import type { ParseContext } from './parse-context.ts'
import type { TokenCursor } from './token-cursor.ts'

type Unload = Extract<DmlStatement, { kind: 'unload' }>

const COMPRESSIONS = ['gzip', 'snappy', 'zstd'] as const

/** Reads `(query) TO 's3://…' WITH (format = 'PARQUET', …)`, behind UNLOAD. */
export function parseUnload(context: ParseContext): Unload {
  const { cursor } = context
  cursor.expect('(')
  const query = context.parseQuery()
  cursor.expect(')', 'TO')
  const to = cursor.takeString()
  cursor.expect('WITH', '(')
  const properties = new Map<string, string>()
  do properties.set(...parseProperty(cursor))
  while (cursor.accept(','))
  cursor.expect(')')
  const format = properties.get('format')?.toUpperCase()
  if (format !== 'PARQUET') throw notImitated(`UNLOAD in the format ${format ?? '(none)'}`)
  return { kind: 'unload', query, to, compression: compressionOf(properties) }
}

const PROPERTIES = new Set(['format', 'compression', 'field_delimiter'])

function parseProperty(cursor: TokenCursor): [name: string, value: string] {
  const name = cursor.takeName()
  if (name === 'partitioned_by' || name === 'compression_level') throw notImitated(`UNLOAD with ${name}`)
  if (!PROPERTIES.has(name)) throw namedError('INVALID_TABLE_PROPERTY', `Property '${name}' does not exist`)
  cursor.expect('=')
  return [name, cursor.takeString()]
}

function compressionOf(properties: ReadonlyMap<string, string>): Unload['compression'] {
  const asked = properties.get('compression')?.toLowerCase() ?? 'gzip'
  const found = COMPRESSIONS.find(one => one === asked)
  if (!found) throw notImitated(`UNLOAD with the compression ${asked}`)
  return found
}
