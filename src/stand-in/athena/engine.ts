import type { Caller } from '../services.ts'
import type { SqlType } from './types/sql-type.ts'

/** What Athena calls a statement. */
export interface Statement {
  readonly type: 'DDL' | 'DML' | 'UTILITY'
  /** `SELECT`, `INSERT`, `MERGE`, `CREATE_TABLE`, … */
  readonly subtype: string
}

/** One column of a result. */
export interface ResultColumn {
  readonly name: string
  readonly type: SqlType
}

/** Who runs a statement, where, and within which bounds. */
export interface QueryContext {
  readonly caller: Caller
  readonly executionId: string
  /** The Glue database for names without one; lower case. */
  readonly database: string
  readonly parameters: readonly string[]
  /** Bytes the workgroup lets one query scan. */
  readonly scanLimitBytes: number | undefined
  /** The folder of the results in S3, with its slash; absent when Athena manages them. */
  readonly outputFolder: string | undefined
  /** Aborts when the query is stopped; the engine then gives up with any error. */
  readonly signal: AbortSignal
  /** A folder of the query's own for local files; removed afterwards by whoever made it. */
  readonly workDirectory: string
  /** Where results go; an engine calls it before it returns, and not at all for a statement without result rows. */
  readonly sink: ResultSink
  /** Told of every data file that was put in S3, committed or not. */
  readonly onFileWritten: (uri: string) => void
  /** Called just before a change becomes visible; throws when it must not. */
  readonly beforeCommit: () => void
}

/** Takes a result's columns first, then its rows, in order. */
export interface ResultSink {
  begin(columns: readonly ResultColumn[]): Promise<void>
  write(rows: readonly ResultRow[]): Promise<void>
}

/** One row as texts; NULL is null. */
export type ResultRow = readonly (string | null)[]

/** What a finished statement tells. */
export interface Outcome {
  readonly scannedBytes: number
  /** Rows changed by DML other than SELECT. */
  readonly updateCount?: number
}

/** Runs statements for Athena's API; all access to Glue and S3 is the caller's. */
export interface Engine {
  /**
   * Names the statement's kind without running it.
   *
   * @throws {QueryError} `SYNTAX_ERROR` for what Athena refuses when a query is started.
   */
  classify(sql: string, parameters: readonly string[]): Statement
  /** @throws {QueryError} when the query fails, {@link ScanLimitExceeded} when it would read too much. */
  run(sql: string, context: QueryContext): Promise<Outcome>
  close(): Promise<void>
}

/** The workgroup's limit of bytes scanned per query was passed: the query becomes CANCELLED. */
export class ScanLimitExceeded extends Error {
  override readonly name = 'ScanLimitExceeded'
}
