import { notImitated } from '../query-error.ts'
import { COMPRESSIONS, type Compression, type DmlStatement } from './ast.ts'
import type { ParseContext } from './parse-context.ts'
import { parseTableParts } from './parse-relation.ts'
import { parseWithProperties } from './parse-with-properties.ts'

/** Reads `(query) TO 's3://…' WITH (format = 'PARQUET', …)`, behind UNLOAD. */
export function parseUnload(context: ParseContext): DmlStatement {
  const { cursor } = context
  cursor.expect('(')
  const query = context.parseQuery()
  cursor.expect(')', 'TO')
  const to = cursor.takeString()
  cursor.expect('WITH')
  const properties = parseWithProperties(cursor, 'UNLOAD')
  requireKnown(properties, ['format', 'compression'], 'UNLOAD')
  requireParquet(properties.get('format') ?? '(none)', 'UNLOAD')
  return { kind: 'unload', query, to, compression: compressionOf(properties.get('compression'), 'UNLOAD') }
}

const CTAS = 'CREATE TABLE AS SELECT'

/** Reads `name WITH (…) AS query`, behind CREATE TABLE. */
export function parseCtas(context: ParseContext): DmlStatement {
  const { cursor } = context
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
  const { place } = cursor
  const target = { place, parts: parseTableParts(cursor), alias: undefined }
  const properties = cursor.accept('WITH') ? parseWithProperties(cursor, CTAS) : new Map<string, string>()
  const names = ['format', 'external_location', 'write_compression', 'parquet_compression', 'table_type']
  requireKnown(properties, names, CTAS)
  if ((properties.get('table_type') ?? 'HIVE').toUpperCase() !== 'HIVE')
    throw notImitated(`${CTAS} of an Iceberg table`)
  requireParquet(properties.get('format') ?? 'PARQUET', CTAS)
  cursor.expect('AS')
  const query = context.parseQuery()
  if (cursor.accept('WITH', 'NO', 'DATA')) throw notImitated(`${CTAS} WITH NO DATA`)
  cursor.accept('WITH', 'DATA')
  const compression = compressionOf(
    properties.get('write_compression') ?? properties.get('parquet_compression'),
    CTAS,
  )
  return {
    kind: 'ctas',
    target,
    ifNotExists,
    query,
    compression,
    location: properties.get('external_location'),
  }
}

function requireKnown(properties: ReadonlyMap<string, string>, known: readonly string[], what: string): void {
  for (const name of properties.keys()) {
    if (!known.includes(name)) throw notImitated(`${what} with ${name}`)
  }
}

function requireParquet(format: string, what: string): void {
  if (format.toUpperCase() !== 'PARQUET') throw notImitated(`${what} in the format ${format}`)
}

function compressionOf(asked: string | undefined, what: string): Compression {
  const found = COMPRESSIONS.find(one => one === (asked?.toLowerCase() ?? 'gzip'))
  if (!found) throw notImitated(`${what} with the compression ${asked}`)
  return found
}
