import { TransferError } from '../domain/errors.ts'
import type { Model } from '../domain/model.ts'
import type { RowBatch, RowFormat } from '../domain/row-batch.ts'
import type { Source } from '../domain/source.ts'
import { compressionOf, decompress } from './decompress.ts'
import type { NetworkAccess } from './guarded-lookup.ts'
import { httpFiles } from './http-files.ts'
import { localFiles } from './local-files.ts'
import { type SourceS3, s3Files } from './s3-files.ts'

/** One file to be read: its name in messages, its path for the extension, and its bytes as stored. */
export interface SourceFile {
  /** Without query string and credentials. */
  readonly origin: string
  /** Absolute, for a local file. */
  readonly path?: string
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** What reading is given. */
export interface ReadFilesDeps {
  /** Folder that relative bases start from. */
  readonly folder: string
  /** S3 for a source with an `s3://` base, with that source's own access. */
  readonly s3: (source: Source) => Promise<SourceS3>
  /** Whom an `https://` base may name. */
  readonly network: NetworkAccess
}

/**
 * A model's files as row batches, in the order of their paths. A glob in the model's path may match several local or S3
 * files; over https a path names one.
 *
 * @throws {TransferError} `SOURCE_NOT_FOUND` when nothing matches, `CONFIG_INVALID` for a path that leaves the base or a host that
 * is not on the public internet and not allowed.
 */
export async function* readFiles(
  deps: ReadFilesDeps,
  source: Source,
  files: Model['files'],
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  let count = 0
  for await (const file of listFiles(deps, source, files.path, signal)) {
    count++
    yield toBatch(file, files)
  }
  if (count > 0) return
  throw new TransferError('SOURCE_NOT_FOUND', `source "${source.name}": no file matches "${files.path}"`, {
    details: { source: source.name, path: files.path },
  })
}

function listFiles(
  deps: ReadFilesDeps,
  source: Source,
  path: string,
  signal: AbortSignal,
): AsyncIterable<SourceFile> {
  const problem = problemOfPath(path)
  if (problem !== undefined)
    throw new TransferError(
      'CONFIG_INVALID',
      `source "${source.name}": path ${JSON.stringify(path.slice(0, MAX_PATH))} ${problem}`,
    )
  if (source.base.startsWith('s3://')) return s3Files(() => deps.s3(source), source.base, path, signal)
  if (/^https?:/.test(source.base)) return httpFiles(deps.network, source.base, path)
  return localFiles(deps.folder, source.base, path)
}

/** Longest path, in characters: that of a key of S3 in bytes. */
const MAX_PATH = 1024

/** Most braces and brackets of a pattern: what it stands for grows with each, also by powers. */
const MAX_GROUPS = 8

/** Why a path is refused before anything is looked for; what it leads to is looked at where it is found. */
function problemOfPath(path: string): string | undefined {
  if (path.length > MAX_PATH) return `is longer than ${MAX_PATH} characters`
  if (path.includes('\0')) return 'has a NUL character in it'
  if (path.startsWith('/') || path.split('/').includes('..')) return "leaves the source's base"
  if (/\{[^}]*\.\./.test(path)) return 'has a range in braces, which may stand for any number of files'
  if ((path.match(/[{(]/g)?.length ?? 0) > MAX_GROUPS) return `has more than ${MAX_GROUPS} groups`
  return undefined
}

function toBatch(file: SourceFile, files: Model['files']): RowBatch {
  const format = files.format ?? formatOf(file.origin)
  const compression = compressionOf(file.origin)
  return {
    origin: file.origin,
    format,
    ...(format === 'csv' ? { csv: files.csv } : {}),
    ...(file.path !== undefined && compression === 'none' ? { path: file.path } : {}),
    open: signal => decompress(file.open(signal), compression, file.origin),
  }
}

/** File extensions by the format they mean, compression aside. */
const FORMATS: Readonly<Record<string, RowFormat>> = {
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'ndjson',
  csv: 'csv',
  parquet: 'parquet',
}

function formatOf(origin: string): RowFormat {
  const extension = /\.([a-z0-9]+)$/.exec(origin.toLowerCase().replace(/\.(gz|zst)$/, ''))?.[1] ?? ''
  const format = FORMATS[extension]
  if (format) return format
  throw new TransferError(
    'CONFIG_INVALID',
    `${origin}: no format has the extension "${extension}"; name one in files.format`,
  )
}
