import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api'
import { TransferError } from '../domain/errors.ts'
import { type EncodedColumn, identifier, literal } from './encode-sql.ts'
import { listed } from './listed.ts'
import { parquetText } from './parquet-text.ts'

/**
 * Writes a Parquet file's declared columns as NDJSON of texts, so that the exact reader judges them by the same rules
 * as any other source. Returns the path of the text, which lies beside the target: the source's own folder is not ours.
 *
 * @throws {TransferError} `SOURCE_UNREADABLE` for a file that is not Parquet, lacks a column, or has one of a type that
 * cannot be the model's.
 */
export async function parquetAsText(
  connection: DuckDBConnection,
  request: {
    readonly path: string
    readonly target: string
    readonly origin: string
    readonly columns: readonly EncodedColumn[]
  },
): Promise<string> {
  const types = await columnTypes(connection, request)
  const values = request.columns.map(({ name, type }) => {
    const physical = types.get(name)
    if (!physical) throw noColumn(request.origin, name, [...types.keys()])
    const sql = parquetText(identifier(name), {
      physical,
      declared: type,
      path: name,
      origin: request.origin,
    })
    return `${sql} AS ${identifier(name)}`
  })
  const text = `${request.target}.source.ndjson`
  await connection.run(
    `COPY (SELECT ${values.join(', ')} FROM read_parquet(${literal(request.path)})) TO ${literal(text)} (FORMAT json)`,
  )
  return text
}

function noColumn(origin: string, name: string, present: readonly string[]): TransferError {
  const message = `${origin}: no column "${name}"; the file has: ${listed(present)}`
  return new TransferError('SOURCE_UNREADABLE', message)
}

async function columnTypes(
  connection: DuckDBConnection,
  { path, origin }: { readonly path: string; readonly origin: string },
): Promise<ReadonlyMap<string, DuckDBType>> {
  try {
    const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet(${literal(path)}) LIMIT 0`)
    const types = reader.columnTypes()
    return new Map(reader.columnNames().flatMap((name, index) => pairOf(name, types[index])))
  } catch (cause) {
    throw new TransferError('SOURCE_UNREADABLE', `${origin}: is not a readable Parquet file`, { cause })
  }
}

function pairOf(name: string, type: DuckDBType | undefined): readonly (readonly [string, DuckDBType])[] {
  return type ? [[name, type]] : []
}
