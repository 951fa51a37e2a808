import type { CatalogTable } from '../table-catalog.ts'

/** How one reference to a table is read. */
export interface Scan {
  /** A SELECT that gives every column of the table under its own name. */
  readonly sql: string
  /** Bytes of the columns that the statement uses, in the files that are opened. */
  readonly scannedBytes: number
  /** Local files that DuckDB must be let read. */
  readonly paths: readonly string[]
}

/** What is asked of a table. */
export interface ScanRequest<Table extends CatalogTable> {
  readonly table: Table
  /** Columns whose values are needed. */
  readonly usedColumns: ReadonlySet<string>
}
