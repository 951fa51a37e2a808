/** The part of Glue's client that the catalog needs; `@aws-sdk/client-glue`'s `Glue` fits it. */
export interface GluePort {
  getDatabase(input: { Name: string }): Promise<unknown>
  createDatabase(input: { DatabaseInput: { Name: string; Description?: string } }): Promise<unknown>
  getTable(input: { DatabaseName: string; Name: string }): Promise<{ Table?: GlueTable | undefined }>
  getTables(input: { DatabaseName: string; Expression?: string; NextToken?: string }): Promise<{
    TableList?: ListedTable[] | undefined
    NextToken?: string | undefined
  }>
  createTable(input: { DatabaseName: string; TableInput: TableInput }): Promise<unknown>
  updateTable(input: {
    DatabaseName: string
    TableInput: TableInput | WritableTable
    VersionId: string
    SkipArchive: boolean
  }): Promise<unknown>
  deleteTable(input: { DatabaseName: string; Name: string }): Promise<unknown>
}

/** A table as Glue answers it: what is read here, and what an update has to send back. */
export interface GlueTable {
  readonly Name: string | undefined
  readonly VersionId?: string | undefined
  readonly Description?: string | undefined
  readonly Owner?: string | undefined
  readonly LastAccessTime?: Date | undefined
  readonly LastAnalyzedTime?: Date | undefined
  readonly Retention?: number | undefined
  readonly PartitionKeys?: GlueColumn[] | undefined
  readonly ViewOriginalText?: string | undefined
  readonly ViewExpandedText?: string | undefined
  readonly TargetTable?: object | undefined
  readonly TableType?: string | undefined
  readonly Parameters?: Record<string, string> | undefined
  readonly StorageDescriptor?:
    | { readonly Columns?: GlueColumn[] | undefined; readonly Location?: string | undefined }
    | undefined
}

/** A table as a listing tells it. */
export interface ListedTable extends GlueTable {
  readonly CreateTime?: Date | undefined
  readonly UpdateTime?: Date | undefined
}

/** A column as Glue has it. */
export interface GlueColumn {
  readonly Name: string | undefined
  readonly Type?: string | undefined
  readonly Comment?: string | undefined
  readonly Parameters?: Record<string, string> | undefined
}

/** A table as it is written. */
export interface TableInput {
  Name: string
  Description?: string
  TableType: string
  Parameters: Record<string, string>
  PartitionKeys: never[]
  StorageDescriptor: {
    Columns: { Name: string; Type: string; Comment?: string }[]
    Location: string
    InputFormat: string
    OutputFormat: string
    SerdeInfo: { SerializationLibrary: string; Parameters: Record<string, string> }
  }
}

/** A table that was read, as it may be sent back. */
export type WritableTable = Omit<GlueTable, 'Name' | 'VersionId'> & { readonly Name: string }

/** True for Glue's answer that a database or table is not there. */
export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'EntityNotFoundException'
}

/** True for Glue's answer that a name is taken. */
export function isTaken(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AlreadyExistsException'
}

/** True for Glue's answer that the entry changed since it was read. */
export function isStale(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'ConcurrentModificationException'
}
