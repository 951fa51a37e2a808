import type { KeyObject } from 'node:crypto'
import type { GluePort } from '../catalog/glue-port.ts'
import type { Clock } from '../domain/clock.ts'
import type { Destination } from '../domain/destination.ts'
import type { Model } from '../domain/model.ts'
import type { RowBatch } from '../domain/row-batch.ts'
import type { Watermark } from '../domain/watermark.ts'
import type { AthenaPort } from '../query/athena-port.ts'
import type { ReadingS3, StagingS3 } from '../staging/s3-port.ts'
import type { StageOptions } from '../staging/stage-model.ts'
import type { StagedModel } from '../staging/totals.ts'
import type { JournalStore } from './journal.ts'

/** The clients of one destination, opened under the customer's role. */
export interface DestinationClients {
  readonly s3: StagingS3 & ReadingS3
  readonly glue: GluePort
  readonly athena: AthenaPort
  /** Account of the role; unknown with access keys. */
  readonly accountId: string | undefined
  close(): void
}

/** What is remembered of a model between its transfers. */
export interface ModelState {
  /** Largest cursor value that was loaded; absent: the next transfer reads everything. */
  readonly watermark?: Watermark | undefined
  /** Digest of the rows that the next transfer reads again if nothing comes, see `digestOf`. */
  readonly digest?: string | undefined
  /** What else the digest depends on; when it changes, the digest says nothing. */
  readonly definition?: string | undefined
  /** Epoch of the table's journal under which it is remembered; absent when a person set it. */
  readonly epoch?: number | undefined
}

/** Keeps the state of each model, per destination and table. */
export interface ModelStateStore {
  /** Undefined when nothing is known, because the model is new here or the store was lost. */
  read(destination: string, table: string): Promise<ModelState | undefined>
  /**
   * Takes the state, but keeps a later watermark: it never moves back on its own. One of a smaller epoch than what is kept
   * is passed over: an attempt that slept until others had loaded the table tells nothing new.
   */
  write(destination: string, table: string, state: ModelState, kind: WatermarkKind): Promise<void>
}

/** How watermarks of a cursor compare: as text, or as whole numbers. */
export type WatermarkKind = 'timestamp' | 'date' | 'integer'

/** What the straight line is given. */
export interface TransferDeps {
  /** Assumes the customer's role. @throws {TransferError} `ROLE_NOT_ASSUMABLE` and others of `credentials/`. */
  readonly connect: (destination: Destination) => Promise<DestinationClients>
  /** The model's rows, file by file. */
  readonly readSource: (model: Model, signal: AbortSignal) => AsyncIterable<RowBatch>
  /** Writes a model's rows to the bucket as Parquet. */
  readonly stageModel: (options: Omit<StageOptions, 'encoders'>) => Promise<StagedModel>
  readonly states: ModelStateStore
  readonly journal: JournalStore
  readonly clock: Clock
  /** Private Ed25519 key that signs manifests; undefined leaves them unsigned. */
  readonly signingKey: () => Promise<KeyObject | undefined>
  /** Folder for slices being staged; each attempt makes its own below and removes it. */
  readonly workDir: string
  readonly queryTimeoutMs: number
}
