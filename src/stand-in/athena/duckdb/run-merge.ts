import { z } from 'zod'
import { commitChange } from '../iceberg/commit.ts'
import { loadSnapshot, type SnapshotFiles } from '../iceberg/load-snapshot.ts'
import { currentSnapshot } from '../iceberg/metadata.ts'
import type { FieldLimit } from '../iceberg/prune.ts'
import { requireMergeWidth } from '../merge-width.ts'
import { namedError } from '../query-error.ts'
import type { Merge } from '../sql/ast.ts'
import { quoteName } from '../sql/tokens.ts'
import type { IcebergTable } from '../table-catalog.ts'
import { type IcebergScan, planIcebergScan } from './iceberg-scan.ts'
import { insertedSql, mergedSql, sourceSql } from './merge-sql.ts'
import { columnsOf, fieldLimits, openViews, requireScanLimit } from './open-views.ts'
import { writeRows } from './partitioned-write.ts'
import { removeRows } from './remove-rows.ts'
import type { ColumnLimit } from './render-context.ts'
import { type RenderedMerge, renderMerge, TARGET_VIEW } from './render-merge.ts'
import { renderStatement, type StatementReads } from './render-statement.ts'
import { lockDown } from './sandbox.ts'
import { openWriter, requireIceberg, type WriteContext, type WriteOutcome } from './write-context.ts'

/**
 * Runs MERGE, and UPDATE and DELETE in its words: one snapshot with new data files and position deletes, or none when no
 * row changes.
 *
 * @throws {QueryError} `MERGE_TARGET_ROW_MULTIPLE_MATCHES` before anything is written.
 */
export async function runMerge(context: WriteContext, merge: Merge): Promise<WriteOutcome> {
  const { target } = merge
  const table = requireIceberg(await context.catalog.read(target.parts, target.place), 'Changing rows of')
  requireMergeWidth(merge, table)
  const { result, reads } = await renderStatement(context.catalog, render =>
    renderMerge(render, merge, table),
  )
  const sources = await openViews(context.views, reads)
  const snapshot = await loadSnapshot(context.views.files, currentSnapshot(table.metadata))
  const plan: MergePlan = { context, table, merge: result, reads, snapshot, sources }
  return snapshot.data.length === 0 ? mergeIntoNothing(plan) : mergeIntoRows(plan)
}

interface MergePlan {
  readonly context: WriteContext
  readonly table: IcebergTable
  readonly merge: RenderedMerge
  readonly reads: StatementReads
  readonly snapshot: SnapshotFiles
  readonly sources: { readonly scannedBytes: number; readonly paths: readonly string[] }
}

/** A table without rows is written straight from the source: nothing can match. */
async function mergeIntoNothing(plan: MergePlan): Promise<WriteOutcome> {
  const { context, table, merge, sources } = plan
  const { session } = context.views
  requireScanLimit(sources.scannedBytes, context.query.scanLimitBytes)
  await lockDown(session, sources.paths, context.query.workDirectory)
  const select = insertedSql(merge, table.columns, sourceSql(merge))
  const addedData = await writeRows(session, openWriter(context, table), table.metadata, select)
  const limits = fieldLimits(table, ofTarget(plan.reads))
  if (addedData.length > 0) {
    const change = { operation: 'append', addedData, addedDeletes: [], removed: [] } as const
    await commitChange(context.commit, table, change, limits)
  }
  const updateCount = addedData.reduce((sum, file) => sum + Number(file.recordCount), 0)
  return { scannedBytes: sources.scannedBytes, updateCount }
}

async function mergeIntoRows(plan: MergePlan): Promise<WriteOutcome> {
  const { context, table, merge, reads, sources } = plan
  const { session } = context.views
  await session.run(`CREATE TEMP TABLE source AS ${sourceSql(merge)}`)
  const scan = await scanTarget(plan)
  const scannedBytes = sources.scannedBytes + scan.scannedBytes
  requireScanLimit(scannedBytes, context.query.scanLimitBytes)
  await session.run(`CREATE VIEW target AS ${scan.sql}`)
  await lockDown(session, [...sources.paths, ...scan.paths], context.query.workDirectory)
  await session.run(`CREATE TEMP TABLE merged AS ${mergedSql(merge, table.columns)}; DROP TABLE source`)
  await requireSingleMatches(plan)
  const counts = await countActions(plan)
  if (counts.updateCount > 0) await writeChange(plan, scan, counts, fieldLimits(table, ofTarget(reads)))
  return { scannedBytes, updateCount: counts.updateCount }
}

function ofTarget(reads: StatementReads): readonly ColumnLimit[] {
  return reads.limits.filter(limit => limit.view === TARGET_VIEW)
}

/** Files are left alone when the literals of ON, or the range of keys that comes in, lie outside of them. */
async function scanTarget(plan: MergePlan): Promise<IcebergScan> {
  const { table, reads, snapshot } = plan
  const range = await incomingRange(plan)
  const limits = [...ofTarget(reads), ...range]
  // A key that is NULL in every source row, or a source without rows, matches nothing.
  const isMatchless = range.some(limit => limit.low === undefined)
  return planIcebergScan({
    table,
    snapshot: isMatchless ? { ...snapshot, data: [] } : snapshot,
    limits: fieldLimits(table, limits),
    usedColumns: columnsOf(TARGET_VIEW, reads.used),
    files: plan.context.views.files,
  })
}

const rangeSchema = z.array(z.record(z.string(), z.string().nullable()))

async function incomingRange(plan: MergePlan): Promise<readonly ColumnLimit[]> {
  const { keys } = plan.merge
  if (keys.length === 0) return []
  const items = keys.map(
    ({ sourceSql: key }, index) =>
      `CAST(min(${key}) AS VARCHAR) AS low${index}, CAST(max(${key}) AS VARCHAR) AS high${index}`,
  )
  const rows = await plan.context.views.session.all(`SELECT ${items.join(', ')} FROM source AS s`)
  const [row = {}] = rangeSchema.parse(rows)
  return keys.map((key, index) => ({
    view: TARGET_VIEW,
    column: key.column,
    low: row[`low${index}`] ?? undefined,
    high: row[`high${index}`] ?? undefined,
    withNulls: false,
  }))
}

async function requireSingleMatches(plan: MergePlan): Promise<void> {
  const rows = await plan.context.views.session.all(
    'SELECT 1 AS found FROM merged WHERE pos IS NOT NULL GROUP BY file, pos HAVING count(*) > 1 LIMIT 1',
  )
  if (rows.length === 0) return
  throw namedError(
    'MERGE_TARGET_ROW_MULTIPLE_MATCHES',
    'One MERGE target table row matched more than one source row',
  )
}

interface ActionCounts {
  readonly updateCount: number
  readonly hasNewRows: boolean
  readonly hasGoneRows: boolean
}

const countSchema = z.array(z.object({ action: z.number(), rows: z.coerce.number() }))

async function countActions(plan: MergePlan): Promise<ActionCounts> {
  const { session } = plan.context.views
  const rows = await session.all(
    'SELECT action, count(*) AS rows FROM merged WHERE action > 0 GROUP BY action',
  )
  const counted = countSchema.parse(rows)
  const kinds = counted.map(one => plan.merge.clauses[one.action - 1]?.kind)
  return {
    updateCount: counted.reduce((sum, one) => sum + one.rows, 0),
    hasNewRows: kinds.some(kind => kind !== 'delete'),
    hasGoneRows: kinds.some(kind => kind !== 'insert'),
  }
}

async function writeChange(
  plan: MergePlan,
  scan: IcebergScan,
  counts: ActionCounts,
  conflictLimits: readonly FieldLimit[],
): Promise<void> {
  const { context, table, merge } = plan
  const writer = openWriter(context, table)
  const { session } = context.views
  const columns = table.columns.map(column => quoteName(column.name)).join(', ')
  const news = `SELECT ${columns} FROM merged WHERE action IN (${numbersOf(merge, kind => kind !== 'delete')})`
  const addedData = counts.hasNewRows ? await writeRows(session, writer, table.metadata, news) : []
  const gone = `SELECT file, pos FROM merged WHERE action IN (${numbersOf(merge, kind => kind !== 'insert')})`
  const removal = counts.hasGoneRows
    ? await removeRows({ session, writer, scan, snapshot: plan.snapshot, files: context.views.files }, gone)
    : { addedDeletes: [], removed: [] }
  const operation = counts.hasGoneRows ? (counts.hasNewRows ? 'overwrite' : 'delete') : 'append'
  await commitChange(context.commit, table, { operation, addedData, ...removal }, conflictLimits)
}

function numbersOf(merge: RenderedMerge, test: (kind: string) => boolean): string {
  const numbers = merge.clauses.flatMap((clause, index) => (test(clause.kind) ? [index + 1] : []))
  return numbers.length === 0 ? 'NULL' : numbers.join(', ')
}
