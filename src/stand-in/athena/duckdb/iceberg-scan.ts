import { fromIcebergType } from '../iceberg/iceberg-type.ts'
import type { LiveFile, SnapshotFiles } from '../iceberg/load-snapshot.ts'
import { currentSchema, type IcebergField, type IcebergType } from '../iceberg/metadata.ts'
import type { FieldLimit } from '../iceberg/prune.ts'
import { mayContain } from '../iceberg/prune.ts'
import { requireReadableSchema } from '../iceberg/readable-schema.ts'
import type { TableFiles } from '../iceberg/table-files.ts'
import { quoteName, quoteText } from '../sql/tokens.ts'
import type { IcebergTable } from '../table-catalog.ts'
import { duckdbType } from '../types/sql-type.ts'
import type { Scan, ScanRequest } from './scan.ts'

/** Names of the hidden columns that tell a row's place: local file and 0-based position. */
export const FILE_COLUMN = 'stand-in file'
export const POSITION_COLUMN = 'stand-in position'

/** What is asked of an Iceberg table. */
export interface IcebergScanRequest extends ScanRequest<IcebergTable> {
  readonly files: TableFiles
  readonly snapshot: SnapshotFiles
  /** Files whose statistics lie outside of these are left alone. */
  readonly limits: readonly FieldLimit[]
}

/** An Iceberg scan, and which table file each local file is. */
export interface IcebergScan extends Scan {
  readonly opened: ReadonlyMap<string, LiveFile>
}

/**
 * Plans the reading of an Iceberg table: files that can hold rows within the limits, columns by field id, rows named by
 * position deletes left out.
 */
export async function planIcebergScan(request: IcebergScanRequest): Promise<IcebergScan> {
  requireReadableSchema(request.table.metadata)
  const kept = request.snapshot.data.filter(one => mayContain(one.file, request.limits))
  const fields = currentSchema(request.table.metadata).fields
  const opened = new Map<string, LiveFile>()
  for (const one of kept) opened.set((await request.files.locate(one.file.filePath)).path, one)
  const deletes = await openDeletes(request, kept)
  const deletedFrom = new Set(deletes.flatMap(one => [...one.targets]))
  const plain = [...opened].filter(([, one]) => !deletedFrom.has(one.file.filePath))
  const cut = [...opened].filter(([, one]) => deletedFrom.has(one.file.filePath))
  const parts = [
    ...(plain.length > 0
      ? [
          readFiles(
            fields,
            plain.map(([path]) => path),
          ),
        ]
      : []),
    ...(cut.length > 0 ? [readCutFiles(fields, cut, deletes)] : []),
  ]
  return {
    sql: parts.length > 0 ? parts.join(' UNION ALL ') : emptyScan(fields),
    opened,
    paths: [...opened.keys(), ...deletes.map(one => one.path)],
    scannedBytes:
      sum(kept.map(one => usedBytes(one, fields, request.usedColumns))) +
      sum(deletes.map(one => Number(one.file.file.sizeBytes))),
  }
}

interface OpenedDelete {
  readonly path: string
  readonly file: LiveFile
  /** Data files it may name rows of. */
  readonly targets: ReadonlySet<string>
}

/** Field id that Iceberg reserves for `file_path` in position delete files. */
const FILE_PATH_FIELD = 2147483546

async function openDeletes(
  request: IcebergScanRequest,
  kept: readonly LiveFile[],
): Promise<readonly OpenedDelete[]> {
  const opened: OpenedDelete[] = []
  for (const file of request.snapshot.positionDeletes) {
    const targets = new Set(kept.filter(data => mayDelete(file, data)).map(data => data.file.filePath))
    if (targets.size === 0) continue
    opened.push({ file, targets, path: (await request.files.locate(file.file.filePath)).path })
  }
  return opened
}

/** A delete file concerns data that is not newer; bounds of its path column often name the one file it is for. */
function mayDelete(deletes: LiveFile, data: LiveFile): boolean {
  if (deletes.sequenceNumber < data.sequenceNumber) return false
  const lower = deletes.file.lowerBounds.get(FILE_PATH_FIELD)?.toString()
  const upper = deletes.file.upperBounds.get(FILE_PATH_FIELD)?.toString()
  const path = data.file.filePath
  return !(
    (lower !== undefined && path < lower) ||
    (upper !== undefined && path > upper && !path.startsWith(upper))
  )
}

function readParquet(fields: readonly IcebergField[], paths: readonly string[]): string {
  const schema = fields.map(field => {
    const type = quoteText(duckdbType(fromIcebergType(field.type)))
    return `${field.id}: {name: ${quoteText(field.name)}, type: ${type}, default_value: NULL}`
  })
  const list = paths.map(quoteText).join(', ')
  return `read_parquet([${list}], schema = MAP {${schema.join(', ')}}, filename = true, file_row_number = true)`
}

function columnList(fields: readonly IcebergField[], alias: string): string {
  const columns = fields.map(
    field => `${alias}.${quoteName(field.name)} AS ${quoteName(field.name.toLowerCase())}`,
  )
  const place = [
    `${alias}.filename AS ${quoteName(FILE_COLUMN)}`,
    `${alias}.file_row_number AS ${quoteName(POSITION_COLUMN)}`,
  ]
  return [...columns, ...place].join(', ')
}

function readFiles(fields: readonly IcebergField[], paths: readonly string[]): string {
  return `SELECT ${columnList(fields, 'd')} FROM ${readParquet(fields, paths)} AS d`
}

function readCutFiles(
  fields: readonly IcebergField[],
  cut: readonly (readonly [path: string, file: LiveFile])[],
  deletes: readonly OpenedDelete[],
): string {
  const paths = cut.map(([path]) => path)
  const names = cut.map(([path, one]) => `(${quoteText(one.file.filePath)}, ${quoteText(path)})`)
  const deletePaths = deletes.map(one => quoteText(one.path)).join(', ')
  const gone = `SELECT n.path, x.pos FROM read_parquet([${deletePaths}]) AS x JOIN (VALUES ${names.join(', ')}) AS n(uri, path) ON x.file_path = n.uri`
  return `SELECT ${columnList(fields, 'd')} FROM ${readParquet(fields, paths)} AS d ANTI JOIN (${gone}) AS g ON d.filename = g.path AND d.file_row_number = g.pos`
}

function emptyScan(fields: readonly IcebergField[]): string {
  const columns = fields.map(
    field =>
      `CAST(NULL AS ${duckdbType(fromIcebergType(field.type))}) AS ${quoteName(field.name.toLowerCase())}`,
  )
  const place = [
    `CAST(NULL AS VARCHAR) AS ${quoteName(FILE_COLUMN)}`,
    `CAST(NULL AS BIGINT) AS ${quoteName(POSITION_COLUMN)}`,
  ]
  return `SELECT ${[...columns, ...place].join(', ')} WHERE false`
}

function usedBytes(one: LiveFile, fields: readonly IcebergField[], used: ReadonlySet<string>): number {
  if (one.file.columnSizes.size === 0) return used.size === 0 ? 0 : Number(one.file.sizeBytes)
  const ids = fields.filter(field => used.has(field.name.toLowerCase())).flatMap(fieldIds)
  return sum(ids.map(id => Number(one.file.columnSizes.get(id) ?? 0n)))
}

/** A field's id and those of all fields in it. */
function fieldIds(field: IcebergField): readonly number[] {
  return [field.id, ...nestedIds(field.type)]
}

function nestedIds(type: IcebergType): readonly number[] {
  if (typeof type === 'string') return []
  if (type.type === 'struct') return type.fields.flatMap(fieldIds)
  if (type.type === 'list') return [type['element-id'], ...nestedIds(type.element)]
  return [type['key-id'], type['value-id'], ...nestedIds(type.key), ...nestedIds(type.value)]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
