import type { Caller, Catalog, ObjectStore } from '../../services.ts'
import type { ResultRow } from '../engine.ts'
import type { TableFiles } from '../iceberg/table-files.ts'

/** What DDL needs; it never needs an SQL engine. */
export interface DdlContext {
  readonly catalog: Catalog
  readonly store: ObjectStore
  readonly files: TableFiles
  readonly caller: Caller
  /** The database for names without one. */
  readonly database: string
  /** Called before a Glue entry is changed; a test's fault throws here. */
  readonly beforeCommit: () => void
}

/** What a utility statement shows; statements that show nothing have no columns. */
export interface DdlResult {
  readonly columns: readonly string[]
  readonly rows: readonly ResultRow[]
}

/** The result of a statement that shows nothing. */
export const NOTHING: DdlResult = { columns: [], rows: [] }
