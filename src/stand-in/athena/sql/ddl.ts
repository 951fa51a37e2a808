import type { Place } from '../query-error.ts'

/** A column as DDL declares it; the type is not read yet. */
export interface ColumnDeclaration {
  readonly name: string
  readonly typeText: string
  readonly comment: string | undefined
  readonly place: Place
}

/** One member of PARTITIONED BY. */
export type PartitionDeclaration =
  | { readonly kind: 'column'; readonly column: ColumnDeclaration }
  | {
      readonly kind: 'transform'
      readonly transform: string
      readonly width: number | undefined
      readonly column: string
      readonly place: Place
    }

/** A table as DDL names it. */
export interface NamedTable {
  readonly parts: readonly string[]
  readonly place: Place
}

/** CREATE [EXTERNAL] TABLE. */
export interface CreateTable extends NamedTable {
  readonly kind: 'createTable'
  readonly isExternal: boolean
  readonly ifNotExists: boolean
  readonly columns: readonly ColumnDeclaration[]
  readonly partitionedBy: readonly PartitionDeclaration[]
  readonly comment: string | undefined
  /** `PARQUET`, or the class name of an input format; absent without STORED AS. */
  readonly storedAs: string | undefined
  readonly location: string | undefined
  readonly properties: ReadonlyMap<string, string>
}

/** Every DDL and utility statement. */
export type DdlStatement =
  | CreateTable
  | {
      readonly kind: 'createDatabase'
      readonly name: string
      readonly ifNotExists: boolean
      readonly comment: string | undefined
    }
  | {
      readonly kind: 'dropDatabase'
      readonly name: string
      readonly ifExists: boolean
      readonly cascade: boolean
    }
  | ({ readonly kind: 'dropTable'; readonly ifExists: boolean } & NamedTable)
  | ({ readonly kind: 'addColumns'; readonly columns: readonly ColumnDeclaration[] } & NamedTable)
  | ({ readonly kind: 'dropColumn'; readonly column: string } & NamedTable)
  | ({ readonly kind: 'changeColumn'; readonly from: string; readonly to: ColumnDeclaration } & NamedTable)
  | ({ readonly kind: 'describe' | 'showColumns' | 'showCreateTable' } & NamedTable)
  | ({ readonly kind: 'showProperties'; readonly property: string | undefined } & NamedTable)
  | {
      readonly kind: 'showTables'
      readonly database: string | undefined
      readonly pattern: string | undefined
    }
  | { readonly kind: 'showDatabases'; readonly pattern: string | undefined }
