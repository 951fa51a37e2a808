import type { DuckDBConnection } from '@duckdb/node-api'
import { TransferError } from '../domain/errors.ts'
import { type EncodedColumn, identifier, literal } from './encode-sql.ts'

/** DuckDB types of a Parquet column that a `string` takes as they are. */
const TEXT_TYPES = /^(VARCHAR|JSON|UUID|ENUM)/

/**
 * Writes a Parquet file's declared columns as NDJSON of texts, so that the exact reader judges them by the same rules
 * as any other source. Returns the path of the text.
 *
 * @throws {TransferError} `SOURCE_UNREADABLE` for a file that is not Parquet or lacks a column.
 */
export async function parquetAsText(
  connection: DuckDBConnection,
  request: { readonly path: string; readonly origin: string; readonly columns: readonly EncodedColumn[] },
): Promise<string> {
  const types = await columnTypes(connection, request)
  const missing = request.columns.find(column => !types.has(column.name))
  if (missing) {
    const has = [...types.keys()].join(', ')
    throw new TransferError(
      'SOURCE_UNREADABLE',
      `${request.origin}: no column "${missing.name}"; the file has: ${has}`,
    )
  }
  const values = request.columns.map(column => {
    const name = identifier(column.name)
    return `${textOf(name, types.get(column.name) ?? '', column, request.origin)} AS ${name}`
  })
  const text = `${request.path}.ndjson`
  await connection.run(
    `COPY (SELECT ${values.join(', ')} FROM read_parquet(${literal(request.path)})) TO ${literal(text)} (FORMAT json)`,
  )
  return text
}

async function columnTypes(
  connection: DuckDBConnection,
  { path, origin }: { readonly path: string; readonly origin: string },
): Promise<ReadonlyMap<string, string>> {
  try {
    const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${literal(path)})`)
    return new Map(reader.getRows().map(([name, type]) => [String(name), String(type)]))
  } catch (cause) {
    throw new TransferError('SOURCE_UNREADABLE', `${origin}: is not a readable Parquet file`, { cause })
  }
}

function textOf(name: string, type: string, column: EncodedColumn, origin: string): string {
  if (type === 'BLOB') return `to_base64(${name})`
  if (column.type.kind === 'json' && !TEXT_TYPES.test(type)) return `CAST(to_json(${name}) AS VARCHAR)`
  if (column.type.kind === 'string' && !TEXT_TYPES.test(type)) {
    throw new TransferError(
      'SOURCE_UNREADABLE',
      `${origin}: column "${column.name}" is ${type} in the file and string in the model`,
    )
  }
  return `CAST(${name} AS VARCHAR)`
}
