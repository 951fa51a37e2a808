import type { QueryContext } from '../engine.ts'
import type { CommitContext } from '../iceberg/commit.ts'
import { notImitated } from '../query-error.ts'
import type { CatalogTable, IcebergTable, TableCatalog } from '../table-catalog.ts'
import { createDataWriter, type DataWriter } from './data-writer.ts'
import type { ViewContext } from './open-views.ts'

/** What statements that write rows need. */
export interface WriteContext {
  readonly query: QueryContext
  readonly catalog: TableCatalog
  readonly views: ViewContext
  readonly commit: CommitContext
}

/** What a write tells. */
export interface WriteOutcome {
  readonly scannedBytes: number
  readonly updateCount: number
}

/** Opens a writer for the table, in the query's own folder. */
export function openWriter(context: WriteContext, table: IcebergTable): DataWriter {
  return createDataWriter({
    session: context.views.session,
    files: context.views.files,
    metadata: table.metadata,
    workDirectory: context.query.workDirectory,
    onFileWritten: context.query.onFileWritten,
  })
}

/** @throws {QueryError} `NOT_SUPPORTED` for tables whose rows cannot be changed here. */
export function requireIceberg(table: CatalogTable, what: string): IcebergTable {
  if (table.kind === 'iceberg') return table
  throw notImitated(`${what} a Hive table`)
}
