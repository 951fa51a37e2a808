/** How the bytes of a row batch spell rows. */
export type RowFormat = 'ndjson' | 'csv' | 'parquet'

/**
 * The unit of reading: one file's rows as bytes, already decompressed and verified.
 *
 * `open` may be called once per attempt; the stream fails with `SOURCE_UNREADABLE` on truncated or corrupt input, and
 * never ends early without an error. Memory: one chunk at a time.
 */
export interface RowBatch {
  /** What error messages call it: path or URL without query string and credentials. */
  readonly origin: string
  readonly format: RowFormat
  /** How CSV is spelled; absent for other formats. */
  readonly csv?: CsvDialect
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Absolute path of the local file whose bytes `open` gives as they are; absent for packed and remote ones. */
  readonly path?: string
}

/** RFC 4180 with the usual liberties. */
export interface CsvDialect {
  /** One character. */
  readonly delimiter: string
  /** One character; doubled inside a quoted value. */
  readonly quote: string
  /** The unquoted text that means NULL; a quoted one is always a string. */
  readonly nullText: string
}
