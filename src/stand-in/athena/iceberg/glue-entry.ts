import type { GlueColumn, GlueTable, GlueTableInput } from '../../services.ts'
import { hiveType } from '../types/hive-type.ts'
import { fromIcebergType } from './iceberg-type.ts'
import { currentSchema, type IcebergField, type TableMetadata } from './metadata.ts'

/** The members of a Glue table that UpdateTable accepts; all of them are carried over. */
const WRITABLE = [
  'Description',
  'Owner',
  'LastAccessTime',
  'LastAnalyzedTime',
  'Retention',
  'StorageDescriptor',
  'PartitionKeys',
  'ViewOriginalText',
  'ViewExpandedText',
  'TableType',
  'Parameters',
  'TargetTable',
]

/** The Glue entry changed to a new metadata file; every other field and foreign Parameter is kept. */
export function pointTo(
  glue: GlueTable,
  metadata: TableMetadata,
  files: { readonly current: string; readonly previous: string },
): GlueTableInput {
  const kept = Object.fromEntries(Object.entries(glue).filter(([name]) => WRITABLE.includes(name)))
  return {
    ...kept,
    Name: glue.Name,
    Parameters: {
      ...glue.Parameters,
      metadata_location: files.current,
      previous_metadata_location: files.previous,
    },
    StorageDescriptor: { ...glue.StorageDescriptor, Columns: glueColumns(metadata) },
  }
}

/** The columns as Glue shows them: current ones first, then those of older schemas, marked as not current. */
export function glueColumns(metadata: TableMetadata): readonly GlueColumn[] {
  const current = currentSchema(metadata).fields
  const seen = new Set(current.map(field => field.id))
  const dropped: IcebergField[] = []
  for (const schema of metadata.schemas.toReversed()) {
    for (const field of schema.fields) {
      if (!seen.has(field.id)) dropped.push(field)
      seen.add(field.id)
    }
  }
  return [...current.map(field => glueColumn(field, true)), ...dropped.map(field => glueColumn(field, false))]
}

function glueColumn(field: IcebergField, isCurrent: boolean): GlueColumn {
  return {
    Name: field.name.toLowerCase(),
    Type: hiveType(fromIcebergType(field.type)),
    ...(field.doc === undefined ? {} : { Comment: field.doc }),
    Parameters: {
      'iceberg.field.current': String(isCurrent),
      'iceberg.field.id': String(field.id),
      'iceberg.field.optional': String(!field.required),
    },
  }
}
