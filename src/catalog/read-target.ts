import { TransferError } from '../domain/errors.ts'
import { type GlueColumn, type GluePort, type GlueTable, isNotFound } from './glue-port.ts'

/** An Iceberg table as the catalog has it. */
export interface TargetTable {
  /** Current columns, in order; those that were dropped are left out. */
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly comment: string | undefined
  }[]
  /** Folder of the table, another each time it is made. `s3://…`, no slash at the end. */
  readonly location: string
  /** The entry as it was read. */
  readonly entry: GlueTable & { readonly Name: string }
}

/**
 * The target table, or undefined when there is none (or no database yet).
 *
 * @throws {TransferError} `TARGET_INCOMPATIBLE` when the name belongs to something that is not an Iceberg table.
 */
export async function readTarget(
  glue: GluePort,
  database: string,
  name: string,
): Promise<TargetTable | undefined> {
  const table = await getTable(glue, database, name)
  if (!table) return undefined
  if (table.Parameters?.table_type?.toUpperCase() !== 'ICEBERG') {
    throw new TransferError(
      'TARGET_INCOMPATIBLE',
      `table "${database}"."${name}" is not an Iceberg table but ${kindOf(table)}; nothing was changed`,
      { details: { database, table: name } },
    )
  }
  const { Columns = [], Location = '' } = table.StorageDescriptor ?? {}
  return {
    columns: Columns.filter(isCurrent).map(column => ({
      name: column.Name ?? '',
      type: (column.Type ?? '').toLowerCase(),
      comment: column.Comment,
    })),
    location: Location.replace(/\/+$/, ''),
    entry: { ...table, Name: name },
  }
}

function kindOf({ TableType, Parameters }: GlueTable): string {
  if (TableType === 'VIRTUAL_VIEW') return 'a view'
  const format = Parameters?.table_type ?? Parameters?.classification
  return `${TableType ?? 'a table of unknown type'}${format === undefined ? '' : ` (${format})`}`
}

async function getTable(glue: GluePort, database: string, name: string): Promise<GlueTable | undefined> {
  try {
    return (await glue.getTable({ DatabaseName: database, Name: name })).Table
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
}

/** Glue keeps dropped Iceberg columns, marked so (facts.md, Iceberg through Athena). */
function isCurrent(column: GlueColumn): boolean {
  return column.Parameters?.['iceberg.field.current'] !== 'false'
}
