import { AwsError } from '../../services.ts'
import { addEntry } from '../ddl/add-entry.ts'
import { PARQUET } from '../ddl/create-table.ts'
import type { Outcome } from '../engine.ts'
import { errorAt, QueryError } from '../query-error.ts'
import type { DmlStatement } from '../sql/ast.ts'
import { splitName } from '../table-catalog.ts'
import { hiveType } from '../types/hive-type.ts'
import { unloadQuery } from './run-unload.ts'
import type { WriteContext } from './write-context.ts'

type Ctas = Extract<DmlStatement, { kind: 'ctas' }>

/**
 * Runs CREATE TABLE AS SELECT: the rows as a Parquet object under `external_location`, or under `tables/` of the results,
 * then the entry of an external table.
 *
 * @throws {QueryError} `TABLE_ALREADY_EXISTS`, and as `unloadQuery`.
 */
export async function runCtas(context: WriteContext, ctas: Ctas): Promise<Outcome> {
  const { target } = ctas
  const [database, name] = splitName(target.parts, context.query.database, target.place)
  if (await exists(context, ctas)) {
    if (ctas.ifNotExists) return { scannedBytes: 0 }
    throw errorAt(
      'TABLE_ALREADY_EXISTS',
      target.place,
      `Table 'awsdatacatalog.${database}.${name}' already exists`,
    )
  }
  const to = ctas.location ?? defaultLocation(context, ctas)
  const { columns, outcome } = await unloadQuery(context, { ...ctas, to })
  const create = { ifNotExists: ctas.ifNotExists, place: target.place }
  await addEntry(context.commit, create, database, {
    Name: name,
    TableType: 'EXTERNAL_TABLE',
    Parameters: { EXTERNAL: 'TRUE', has_encrypted_data: 'false' },
    PartitionKeys: [],
    StorageDescriptor: {
      ...PARQUET,
      Columns: columns.map(column => ({ Name: column.name, Type: hiveType(column.type) })),
      Location: to,
    },
  })
  return outcome
}

async function exists(context: WriteContext, { target }: Ctas): Promise<boolean> {
  const [database, name] = splitName(target.parts, context.query.database, target.place)
  await context.commit.catalog.getDatabase(context.query.caller, database)
  try {
    await context.commit.catalog.getTable(context.query.caller, database, name)
    return true
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityNotFoundException') throw error
    return false
  }
}

function defaultLocation(context: WriteContext, { target }: Ctas): string {
  const { outputFolder, executionId } = context.query
  if (outputFolder !== undefined) return `${outputFolder}tables/${executionId}/`
  throw new QueryError(
    'GENERIC_USER_ERROR',
    `line ${target.place.line}:${target.place.column}: external_location is needed when Athena manages results`,
  )
}
