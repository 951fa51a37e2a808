import type { Caller, ObjectStore } from '../../services.ts'
import { ScanLimitExceeded } from '../engine.ts'
import { parseBound } from '../iceberg/bounds.ts'
import { loadSnapshot } from '../iceberg/load-snapshot.ts'
import { currentSchema, currentSnapshot, type Snapshot } from '../iceberg/metadata.ts'
import type { FieldLimit } from '../iceberg/prune.ts'
import type { TableFiles } from '../iceberg/table-files.ts'
import { namedError, onlyOnTrino } from '../query-error.ts'
import { quoteText } from '../sql/tokens.ts'
import type { IcebergTable } from '../table-catalog.ts'
import { planHiveScan } from './hive-scan.ts'
import { planIcebergScan } from './iceberg-scan.ts'
import { metadataTableSql } from './metadata-tables.ts'
import type { ColumnLimit } from './render-context.ts'
import type { StatementReads, TableReference } from './render-statement.ts'
import type { Scan } from './scan.ts'
import type { Session } from './session.ts'
import { valuesSql } from './values-sql.ts'

/** What reading a statement's tables needs. */
export interface ViewContext {
  readonly session: Session
  readonly store: ObjectStore
  readonly files: TableFiles
  readonly caller: Caller
}

/** What was opened. */
export interface OpenedViews {
  readonly scannedBytes: number
  readonly paths: readonly string[]
}

/** Makes a view in DuckDB for every reference to a table, over just the files that can matter. */
export async function openViews(context: ViewContext, reads: StatementReads): Promise<OpenedViews> {
  const scans: Scan[] = []
  for (const reference of reads.references) {
    const scan = await planScan(context, reference, reads)
    await context.session.run(`CREATE VIEW ${reference.view} AS ${scan.sql}`)
    scans.push(scan)
  }
  return {
    scannedBytes: scans.reduce((total, scan) => total + scan.scannedBytes, 0),
    paths: scans.flatMap(scan => scan.paths),
  }
}

/** @throws {ScanLimitExceeded} above the workgroup's limit; an absent limit allows everything. */
export function requireScanLimit(scannedBytes: number, limitBytes: number | undefined): void {
  if (limitBytes !== undefined && scannedBytes > limitBytes) throw new ScanLimitExceeded()
}

async function planScan(
  context: ViewContext,
  reference: TableReference,
  reads: StatementReads,
): Promise<Scan> {
  const { table, view } = reference
  const usedColumns = columnsOf(view, reads.used)
  if (table.kind === 'hive') return planHiveScan({ ...context, table, usedColumns })
  if (table.kind === 'information') {
    const rows = table.rows.map(row => row.map(value => (value === null ? 'NULL' : quoteText(value))))
    return { sql: valuesSql(table.columns, rows), scannedBytes: 0, paths: [] }
  }
  const snapshot = await loadSnapshot(context.files, chosenSnapshot(table, reference))
  if (reference.metadataTable) {
    return {
      sql: metadataTableSql(reference.metadataTable, table.metadata, snapshot),
      scannedBytes: 0,
      paths: [],
    }
  }
  const limits = fieldLimits(
    table,
    reads.limits.filter(limit => limit.view === view),
  )
  return planIcebergScan({ table, usedColumns, snapshot, limits, files: context.files })
}

/** The columns of one view among `view.column` names. */
export function columnsOf(view: string, used: ReadonlySet<string>): ReadonlySet<string> {
  const prefix = `${view}.`
  return new Set([...used].filter(one => one.startsWith(prefix)).map(one => one.slice(prefix.length)))
}

function chosenSnapshot(table: IcebergTable, reference: TableReference): Snapshot | undefined {
  const { asOf } = reference
  if (!asOf) return currentSnapshot(table.metadata)
  const id = asOf.kind === 'version' ? asOf.snapshotId : snapshotAt(table, momentOf(asOf.moment))
  const found = table.metadata.snapshots.find(snapshot => snapshot['snapshot-id'] === id)
  if (found) return found
  throw namedError('INVALID_ARGUMENTS', `Iceberg snapshot ID does not exists: ${id ?? 'before the first'}`)
}

function momentOf(
  moment: Extract<NonNullable<TableReference['asOf']>, { kind: 'timestamp' }>['moment'],
): bigint {
  const isMoment =
    moment.kind === 'literal' && (moment.type.kind === 'timestamp' || moment.type.kind === 'timestamptz')
  const text = isMoment ? moment.text.replace(/ UTC$/, '') : ''
  const microseconds = parseBound(text, { kind: 'timestamp', precision: 6 })
  if (typeof microseconds !== 'bigint')
    throw onlyOnTrino('Time travel to anything but a timestamp literal in UTC')
  return microseconds
}

function snapshotAt(table: IcebergTable, microseconds: bigint): bigint | undefined {
  const log = table.metadata['snapshot-log']
  return log.findLast(entry => BigInt(entry['timestamp-ms']) * 1000n <= microseconds)?.['snapshot-id']
}

/** Turns limits on columns, in literals, into limits on fields, in values. */
export function fieldLimits(table: IcebergTable, limits: readonly ColumnLimit[]): readonly FieldLimit[] {
  const fields = new Map(
    currentSchema(table.metadata).fields.map(field => [field.name.toLowerCase(), field.id]),
  )
  return limits.flatMap(limit => {
    const fieldId = fields.get(limit.column)
    const type = table.columns.find(column => column.name === limit.column)?.type
    if (fieldId === undefined || !type) return []
    const bound = (text: string | undefined) => (text === undefined ? undefined : parseBound(text, type))
    const { withNulls } = limit
    return [{ fieldId, type, low: bound(limit.low), high: bound(limit.high), withNulls }]
  })
}
