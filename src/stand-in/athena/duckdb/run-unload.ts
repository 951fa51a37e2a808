import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Outcome } from '../engine.ts'
import { errorAt, namedError } from '../query-error.ts'
import { joinUri, parseS3Uri } from '../s3-uri.ts'
import type { Compression, Query } from '../sql/ast.ts'
import { quoteName, quoteText } from '../sql/tokens.ts'
import type { TableColumn } from '../table-catalog.ts'
import { openViews, requireScanLimit } from './open-views.ts'
import type { RenderedQuery } from './render-context.ts'
import { renderStatement } from './render-statement.ts'
import { lockDown } from './sandbox.ts'
import type { WriteContext } from './write-context.ts'

/** A query whose rows go into a folder of S3. */
export interface Unload {
  readonly query: Query
  readonly to: string
  readonly compression: Compression
}

/** What was written. */
export interface Unloaded {
  readonly columns: readonly TableColumn[]
  readonly outcome: Outcome
}

/**
 * Writes the query's rows as one Parquet object in an empty folder; no rows, no object.
 *
 * @throws {QueryError} `HIVE_PATH_ALREADY_EXISTS` for a folder with objects, `NOT_SUPPORTED` for moments finer than milliseconds.
 */
export async function unloadQuery(context: WriteContext, unload: Unload): Promise<Unloaded> {
  const { views, query } = context
  await requireEmptyFolder(context, unload.to)
  const { result, reads } = await renderStatement(context.catalog, render => {
    const rendered = render.renderQuery(unload.query, undefined, new Map())
    for (const column of rendered.columns) render.markUsed(column.origins)
    return rendered
  })
  const columns = writtenColumns(result, unload)
  const opened = await openViews(views, reads)
  requireScanLimit(opened.scannedBytes, query.scanLimitBytes)
  await lockDown(views.session, opened.paths, query.workDirectory)
  const path = join(query.workDirectory, 'unload.parquet')
  const items = columns.map((column, index) => `q."c${index}" AS ${quoteName(column.name)}`)
  const format = `FORMAT parquet, COMPRESSION ${unload.compression}`
  const written = await views.session.all(
    `COPY (SELECT ${items.join(', ')} FROM (${result.sql}) AS q) TO ${quoteText(path)} (${format})`,
  )
  const rowCount = z.array(z.looseObject({ Count: z.coerce.number() })).parse(written)[0]?.Count ?? 0
  if (rowCount > 0) {
    const uri = joinUri(unload.to.replace(/\/+$/, ''), `${query.executionId}_0`)
    query.onFileWritten(uri)
    await views.files.write(uri, createReadStream(path))
  }
  return { columns, outcome: { scannedBytes: opened.scannedBytes, updateCount: rowCount } }
}

async function requireEmptyFolder(context: WriteContext, folder: string): Promise<void> {
  const place = parseS3Uri(folder)
  if (!place) throw namedError('GENERIC_USER_ERROR', `Invalid S3 location: ${folder}`)
  const prefix = place.key === '' ? '' : `${place.key.replace(/\/+$/, '')}/`
  const found = await context.views.store.list(context.query.caller, place.bucket, prefix)
  if (found.length === 0) return
  throw namedError('HIVE_PATH_ALREADY_EXISTS', `Target directory for table already exists: ${folder}`)
}

/** Hive files hold milliseconds, and every column needs a name. */
function writtenColumns(result: RenderedQuery, unload: Unload): readonly TableColumn[] {
  const { place } = unload.query
  return result.columns.map(({ name, type }) => {
    if (name === undefined) throw errorAt('MISSING_COLUMN_NAME', place, 'Column name not specified')
    if (type.kind !== 'timestamp' || type.precision === 3) return { name, type }
    const message = `Incorrect timestamp precision for timestamp(${type.precision}); the configured precision is MILLISECONDS; column name: ${name}`
    throw namedError('NOT_SUPPORTED', message)
  })
}
