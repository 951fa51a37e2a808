import { z } from 'zod'
import type { TableChange } from '../iceberg/build-commit.ts'
import type { LiveFile, SnapshotFiles } from '../iceberg/load-snapshot.ts'
import type { TableFiles } from '../iceberg/table-files.ts'
import { quoteText } from '../sql/tokens.ts'
import type { DataWriter } from './data-writer.ts'
import type { IcebergScan } from './iceberg-scan.ts'
import type { Session } from './session.ts'

/** What taking rows away needs. */
export interface RemovalContext {
  readonly session: Session
  readonly writer: DataWriter
  readonly scan: IcebergScan
  readonly snapshot: SnapshotFiles
  readonly files: TableFiles
}

const countSchema = z.array(z.object({ file: z.string(), rows: z.coerce.bigint() }))

/**
 * Takes rows away, given as a SELECT of `file` and `pos`: a file that loses its last row leaves the table, any other gets
 * one position delete file.
 */
export async function removeRows(
  context: RemovalContext,
  goneSql: string,
): Promise<Pick<TableChange, 'addedDeletes' | 'removed'>> {
  const rows = await context.session.all(`SELECT file, count(*) AS rows FROM (${goneSql}) GROUP BY file`)
  const addedDeletes: TableChange['addedDeletes'][number][] = []
  const removed: LiveFile[] = []
  for (const { file: path, rows: goneRows } of countSchema.parse(rows)) {
    const live = context.scan.opened.get(path)
    if (!live) continue
    if (goneRows + (await alreadyDeleted(context, live)) >= live.file.recordCount) {
      removed.push(live)
      continue
    }
    const positions = `SELECT pos FROM (${goneSql}) WHERE file = ${quoteText(path)}`
    const file = await context.writer.writeDeletes(live.file, positions)
    addedDeletes.push({ specId: live.manifest.partition_spec_id, file })
  }
  return { addedDeletes, removed }
}

const deletedSchema = z.array(z.object({ rows: z.coerce.bigint() }))

/** Rows of a data file that earlier position deletes name. */
async function alreadyDeleted(context: RemovalContext, live: LiveFile): Promise<bigint> {
  const older = context.snapshot.positionDeletes.filter(one => one.sequenceNumber >= live.sequenceNumber)
  const paths: string[] = []
  for (const one of older) {
    const { path } = await context.files.locate(one.file.filePath)
    if (context.scan.paths.includes(path)) paths.push(path)
  }
  if (paths.length === 0) return 0n
  const found = await context.session.all(
    `SELECT count(DISTINCT pos) AS rows FROM read_parquet([${paths.map(quoteText).join(', ')}])
     WHERE file_path = ${quoteText(live.file.filePath)}`,
  )
  return deletedSchema.parse(found)[0]?.rows ?? 0n
}
