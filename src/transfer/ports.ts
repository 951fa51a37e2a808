import type { GluePort } from '../catalog/glue-port.ts'
import type { Destination } from '../domain/destination.ts'
import type { Model } from '../domain/model.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import type { Watermark } from '../domain/watermark.ts'
import type { AthenaPort } from '../query/athena-port.ts'
import type { StagingS3 } from '../staging/s3-port.ts'

/** The clients of one destination, opened under the customer's role. */
export interface DestinationClients {
  readonly s3: StagingS3 & RecordS3
  readonly glue: GluePort
  readonly athena: AthenaPort
  /** Account of the role; unknown with access keys. */
  readonly accountId: string | undefined
  close(): void
}

/** The part of S3's client that reads records of tables. */
export interface RecordS3 {
  getObject(input: { Bucket: string; Key: string }): Promise<{
    Body?: { transformToString(): Promise<string> } | undefined
  }>
}

/** Keeps how far each model was read, per destination and table. */
export interface WatermarkStore {
  read(destination: string, table: string): Promise<Watermark | undefined>
  /** Never moves a watermark back. */
  write(destination: string, table: string, watermark: Watermark, kind: WatermarkKind): Promise<void>
}

/** How watermarks of a cursor compare: as text, or as whole numbers. */
export type WatermarkKind = 'timestamp' | 'date' | 'integer'

/** What the straight line is given. */
export interface TransferDeps {
  /** Assumes the customer's role. @throws {TransferError} `ROLE_NOT_ASSUMABLE` and others of `credentials/`. */
  readonly connect: (destination: Destination) => Promise<DestinationClients>
  /** The model's rows, file by file. */
  readonly readSource: (model: Model, signal: AbortSignal) => AsyncIterable<RowBatch>
  readonly watermarks: WatermarkStore
  /** Folder for slices being staged; each attempt makes its own below and removes it. */
  readonly workDir: string
  readonly queryTimeoutMs: number
}
