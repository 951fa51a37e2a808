import type { GlueTable } from '../../services.ts'
import { logWith, swapMetadata } from '../iceberg/commit.ts'
import { fromIcebergType, toField } from '../iceberg/iceberg-type.ts'
import { currentSchema, type IcebergField, type TableMetadata } from '../iceberg/metadata.ts'
import { errorAt, namedError, notImitated } from '../query-error.ts'
import type { ColumnDeclaration } from '../sql/ddl.ts'
import { isIceberg, readIceberg, splitName } from '../table-catalog.ts'
import { hiveType } from '../types/hive-type.ts'
import { printType } from '../types/sql-type.ts'
import { changedType } from './column-promotion.ts'
import { declaredIcebergType, declaredType } from './column-types.ts'
import { type Alter, type DdlContext, type DdlResult, NOTHING } from './ddl-context.ts'
import { getGlueTable } from './get-glue-table.ts'

/** How often a change is computed anew after another writer was faster. */
const MAX_ATTEMPTS = 5

/** Runs ALTER TABLE … ADD COLUMNS, DROP COLUMN and CHANGE COLUMN, each one commit of metadata alone. */
export async function alterTable(context: DdlContext, alter: Alter): Promise<DdlResult> {
  const [database, name] = splitName(alter.parts, context.database, alter.place)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const glue = await getGlueTable(context, database, name, alter.place)
    if (!isIceberg(glue)) {
      await alterExternal(context, database, glue, alter)
      return NOTHING
    }
    const table = await readIceberg(context.files, database, glue)
    if (context.iceberg) {
      // What Athena refuses is found by planning the change.
      withFields(table.metadata, table.metadataLocation, alter)
      await context.iceberg.alter(context, alter, table)
      return NOTHING
    }
    const next = withFields(table.metadata, table.metadataLocation, alter)
    const swap = { glue, location: table.metadataLocation, next }
    if (await swapMetadata(context, table, swap, [])) return NOTHING
  }
  throw namedError('ICEBERG_COMMIT_ERROR', 'Failed to commit: too many concurrent commits')
}

/** Appends a schema with the change; ids of old fields stay, new ones are never used again. */
function withFields(metadata: TableMetadata, location: string, alter: Alter): TableMetadata {
  let lastId = metadata['last-column-id']
  const nextId = (): number => {
    lastId += 1
    return lastId
  }
  const fields = changedFields(currentSchema(metadata).fields, alter, nextId)
  const schemaId = Math.max(...metadata.schemas.map(schema => schema['schema-id'])) + 1
  return {
    ...metadata,
    'last-column-id': lastId,
    'last-updated-ms': Math.max(Date.now(), metadata['last-updated-ms'] + 1),
    'current-schema-id': schemaId,
    schemas: [...metadata.schemas, { type: 'struct', 'schema-id': schemaId, fields: [...fields] }],
    'metadata-log': logWith(metadata, location),
  }
}

function changedFields(
  fields: readonly IcebergField[],
  alter: Alter,
  nextId: () => number,
): readonly IcebergField[] {
  if (alter.kind === 'addColumns') {
    const added = alter.columns.map(column => {
      requireNew(fields, column.name, column)
      return toField(column.name, declaredIcebergType(column), nextId, column.comment)
    })
    return [...fields, ...added]
  }
  const name = alter.kind === 'dropColumn' ? alter.column : alter.from
  const old = fields.find(field => field.name.toLowerCase() === name)
  if (!old) throw errorAt('COLUMN_NOT_FOUND', alter.place, `Column '${name}' does not exist`)
  if (alter.kind === 'dropColumn') return fields.filter(field => field !== old)
  if (alter.to.name !== name) requireNew(fields, alter.to.name, alter.to)
  return fields.map(field => (field === old ? changedField(old, alter.to) : field))
}

function requireNew(fields: readonly IcebergField[], name: string, column: ColumnDeclaration): void {
  if (!fields.some(field => field.name.toLowerCase() === name)) return
  throw errorAt('COLUMN_ALREADY_EXISTS', column.place, `Column '${name}' already exists`)
}

function changedField(old: IcebergField, to: ColumnDeclaration): IcebergField {
  const [from, wanted] = [fromIcebergType(old.type), declaredIcebergType(to)]
  const type = changedType(old.type, from, wanted)
  if (type === undefined) {
    const message = `Cannot change column type: ${old.name}: ${printType(from)} -> ${printType(wanted)}`
    throw errorAt('NOT_SUPPORTED', to.place, message)
  }
  const doc = to.comment ?? old.doc
  return { ...old, name: to.name, type, ...(doc === undefined ? {} : { doc }) }
}

async function alterExternal(
  context: DdlContext,
  database: string,
  glue: GlueTable,
  alter: Alter,
): Promise<void> {
  if (alter.kind !== 'addColumns') throw notImitated('Changing columns of an external table')
  const added = alter.columns.map(column => ({
    Name: column.name,
    Type: hiveType(declaredType(column)),
    ...(column.comment === undefined ? {} : { Comment: column.comment }),
  }))
  const { DatabaseName: _database, VersionId: versionId, ...input } = glue
  const columns = [...(glue.StorageDescriptor?.Columns ?? []), ...added]
  await context.catalog.updateTable(
    context.caller,
    database,
    { ...input, Name: glue.Name, StorageDescriptor: { ...glue.StorageDescriptor, Columns: columns } },
    { versionId, skipArchive: true },
  )
}
