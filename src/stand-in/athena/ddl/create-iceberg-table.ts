import { randomUUID } from 'node:crypto'
import { glueColumns } from '../iceberg/glue-entry.ts'
import { fromIcebergType, toField } from '../iceberg/iceberg-type.ts'
import { printJson } from '../iceberg/json.ts'
import type { IcebergField, PartitionField, TableMetadata } from '../iceberg/metadata.ts'
import { errorAt, namedError } from '../query-error.ts'
import { joinUri, parseS3Uri } from '../s3-uri.ts'
import type { CreateTable, PartitionDeclaration } from '../sql/ddl.ts'
import { addEntry } from './add-entry.ts'
import { declaredIcebergType } from './column-types.ts'
import type { DdlContext } from './ddl-context.ts'
import { icebergProperties } from './iceberg-properties.ts'
import { requireTransformable } from './partition-transforms.ts'

/**
 * Makes an empty Iceberg table: metadata file first, Glue entry second.
 *
 * @throws {QueryError} `ICEBERG_FILESYSTEM_ERROR` when something already lies under its location.
 */
export async function createIcebergTable(
  context: DdlContext,
  create: CreateTable,
  database: string,
  table: string,
): Promise<void> {
  const location = (create.location ?? '').replace(/\/+$/, '')
  const metadata = firstMetadata(create, location)
  await requireEmpty(context, location)
  const uri = joinUri(location, `metadata/00000-${randomUUID()}.metadata.json`)
  await context.files.write(uri, Buffer.from(printJson(metadata)))
  await addEntry(context, create, database, {
    Name: table,
    TableType: 'EXTERNAL_TABLE',
    ...(create.comment === undefined ? {} : { Description: create.comment }),
    Parameters: { table_type: 'ICEBERG', metadata_location: uri },
    PartitionKeys: [],
    StorageDescriptor: { Columns: glueColumns(metadata), Location: location },
  })
}

async function requireEmpty(context: DdlContext, location: string): Promise<void> {
  const place = parseS3Uri(location)
  if (!place) return
  const found = await context.store.list(context.caller, place.bucket, `${place.key}/`)
  if (found.every(object => object.size === 0 && object.key.endsWith('/'))) return
  throw namedError('ICEBERG_FILESYSTEM_ERROR', `Cannot create a table on a non-empty location: ${location}`)
}

function firstMetadata(create: CreateTable, location: string): TableMetadata {
  let lastId = 0
  const nextId = (): number => {
    lastId += 1
    return lastId
  }
  const fields = create.columns.map(column =>
    toField(column.name, declaredIcebergType(column), nextId, column.comment),
  )
  const partition = create.partitionedBy.map((member, index) => partitionField(member, fields, index))
  return {
    'format-version': 2,
    'table-uuid': randomUUID(),
    location,
    'last-sequence-number': 0,
    'last-updated-ms': Date.now(),
    'last-column-id': lastId,
    'current-schema-id': 0,
    schemas: [{ type: 'struct', 'schema-id': 0, fields }],
    'default-spec-id': 0,
    'partition-specs': [{ 'spec-id': 0, fields: partition }],
    'last-partition-id': 999 + partition.length,
    'default-sort-order-id': 0,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    properties: icebergProperties(create.properties),
    'current-snapshot-id': undefined,
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
  }
}

/** The first id of partition fields, from Iceberg's specification. */
const FIRST_PARTITION_ID = 1000

const SUFFIXES = {
  year: '_year',
  month: '_month',
  day: '_day',
  hour: '_hour',
  bucket: '_bucket',
  truncate: '_trunc',
} as const

function partitionField(
  member: PartitionDeclaration,
  fields: readonly IcebergField[],
  index: number,
): PartitionField {
  if (member.kind === 'column') {
    const message = 'Partition columns of an Iceberg table are named without a type'
    throw errorAt('SYNTAX_ERROR', member.column.place, message)
  }
  const source = fields.find(field => field.name === member.column)
  if (!source) throw errorAt('COLUMN_NOT_FOUND', member.place, `Partition column not found: ${member.column}`)
  requireTransformable(member, fromIcebergType(source.type))
  const suffix = Object.entries(SUFFIXES).find(([name]) => name === member.transform)?.[1] ?? ''
  return {
    'source-id': source.id,
    'field-id': FIRST_PARTITION_ID + index,
    name: `${source.name}${suffix}`,
    transform: member.width === undefined ? member.transform : `${member.transform}[${member.width}]`,
  }
}
