import type { Caller, Catalog, ObjectStore } from '../../services.ts'
import type { ResultRow } from '../engine.ts'
import type { TableFiles } from '../iceberg/table-files.ts'
import type { CreateTable, DdlStatement } from '../sql/ddl.ts'
import type { IcebergTable } from '../table-catalog.ts'

/** A change of a table's columns. */
export type Alter = Extract<DdlStatement, { kind: 'addColumns' | 'dropColumn' | 'changeColumn' }>

/** An engine's own way to make and to alter Iceberg tables, with the caller's rights asked by it. */
export interface IcebergDdl {
  create(context: DdlContext, create: CreateTable, database: string, table: string): Promise<void>
  alter(context: DdlContext, alter: Alter, table: IcebergTable): Promise<void>
}

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
  /** Absent: Glue entries and metadata files are written here. */
  readonly iceberg?: IcebergDdl
}

/** What a utility statement shows; statements that show nothing have no columns. */
export interface DdlResult {
  readonly columns: readonly string[]
  readonly rows: readonly ResultRow[]
}

/** The result of a statement that shows nothing. */
export const NOTHING: DdlResult = { columns: [], rows: [] }
