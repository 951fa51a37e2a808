/**
 * What Athena's part of the stand-in may ask of the others, always **as the caller**: each function authorises first
 * and throws `AwsError` (AccessDenied and the like) exactly as the HTTP API would answer.
 */
import type { Readable } from 'node:stream'

/** Who signed a request: an assumed role's session or an IAM user. */
export interface Caller {
  readonly accountId: string
  /** `arn:aws:sts::…:assumed-role/…/…` or `arn:aws:iam::…:user/…`. */
  readonly arn: string
  readonly accessKeyId: string
  readonly region: string
  /** The peer's address, for `aws:SourceIp`; absent for calls that a service makes for the caller. */
  readonly sourceIp?: string
}

/** An error as AWS answers it; `code` is the exact AWS name. Extra members go into the response body. */
export class AwsError extends Error {
  readonly code: string
  readonly httpStatus: number
  readonly extra: Readonly<Record<string, unknown>>

  constructor(
    code: string,
    httpStatus: number,
    message: string,
    extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(message)
    this.name = code
    this.code = code
    this.httpStatus = httpStatus
    this.extra = extra
  }
}

/** Decides one action of one caller on one or more resource ARNs, audits the decision, throws on denial. */
export interface Authorizer {
  authorize(caller: Caller, action: string, resources: readonly string[]): void
}

/** One stored object; `path` is a local file that holds exactly its bytes and is never changed in place. */
export interface StoredObject {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly lastModified: Date
  readonly path: string
}

/** S3 as the caller: `s3:ListBucket`, `GetObject`, `PutObject`, `DeleteObject` are checked on each call. */
export interface ObjectStore {
  list(caller: Caller, bucket: string, prefix: string): Promise<readonly StoredObject[]>
  get(caller: Caller, bucket: string, key: string): Promise<StoredObject>
  put(caller: Caller, bucket: string, key: string, body: Buffer | Readable): Promise<StoredObject>
  delete(caller: Caller, bucket: string, key: string): Promise<void>
  /** `s3:GetBucketLocation`: the bucket's region. */
  bucketRegion(caller: Caller, bucket: string): Promise<string>
}

/** Glue's own JSON shapes, as in the public API reference; names arrive folded to lower case. */
export interface GlueTable {
  readonly Name: string
  readonly DatabaseName: string
  readonly VersionId: string
  readonly TableType?: string
  readonly Parameters?: Readonly<Record<string, string>>
  readonly StorageDescriptor?: GlueStorageDescriptor
  readonly PartitionKeys?: readonly GlueColumn[]
  readonly Description?: string
  readonly [field: string]: unknown
}

export interface GlueStorageDescriptor {
  readonly Columns?: readonly GlueColumn[]
  readonly Location?: string
  readonly InputFormat?: string
  readonly OutputFormat?: string
  readonly SerdeInfo?: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

export interface GlueColumn {
  readonly Name: string
  readonly Type?: string
  readonly Comment?: string
  readonly Parameters?: Readonly<Record<string, string>>
}

export interface GlueDatabase {
  readonly Name: string
  readonly Description?: string
  readonly LocationUri?: string
  readonly [field: string]: unknown
}

/** The table fields that CreateTable and UpdateTable accept. */
export type GlueTableInput = Omit<GlueTable, 'DatabaseName' | 'VersionId'>

/** Glue as the caller: the same functions that answer the HTTP API, so VersionId and folding hold here too. */
export interface Catalog {
  getDatabase(caller: Caller, name: string): Promise<GlueDatabase>
  getDatabases(caller: Caller): Promise<readonly GlueDatabase[]>
  createDatabase(
    caller: Caller,
    input: { readonly Name: string; readonly Description?: string },
  ): Promise<void>
  deleteDatabase(caller: Caller, name: string): Promise<void>
  getTable(caller: Caller, database: string, name: string): Promise<GlueTable>
  getTables(caller: Caller, database: string): Promise<readonly GlueTable[]>
  createTable(caller: Caller, database: string, input: GlueTableInput): Promise<void>
  /** A stale `versionId` throws `ConcurrentModificationException`. */
  updateTable(
    caller: Caller,
    database: string,
    input: GlueTableInput,
    options: { readonly versionId?: string; readonly skipArchive: boolean },
  ): Promise<void>
  deleteTable(caller: Caller, database: string, name: string): Promise<void>
}

/** One JSON 1.1 service behind the shared port (Glue, Athena): action name and body in, body out. */
export interface JsonService {
  handle(action: string, body: unknown, caller: Caller): Promise<unknown>
  close(): Promise<void>
}

/** Switches that tests and operators turn on through `/_stand-in/faults`; each service documents its own names. */
export interface Faults {
  /** True when the named fault is to happen now, to a subject that has its text; counts it down. */
  take(name: string, subject?: string): boolean
}
