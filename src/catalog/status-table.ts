import { z } from 'zod'
import { TransferError } from '../domain/errors.ts'
import { type GluePort, type GlueTable, isNotFound, isTaken } from './glue-port.ts'
import { parquetTableInput } from './parquet-table.ts'
import { MAX_TRIES, updateIfCurrent } from './update-table.ts'

/** The table that tells the customer when each model was last transferred. */
export const STATUS_TABLE = '_transfer_status'

/** Parameter that holds the table's rows as JSON, so that one transfer can carry on the rows of others. */
const ROWS_PARAMETER = 'athena_transfer.status_rows'

/** Model name → time of its last successful transfer, ISO 8601 in UTC. */
export type StatusRows = Readonly<Record<string, string>>

/**
 * Changes rows of `_transfer_status`: reads the current ones, has a new file written with all, and switches the table
 * to it by compare-and-set, again when another transfer was faster. Readers see the old file or the new one, whole.
 *
 * @throws {TransferError} `COMMIT_CONFLICT` after 10 lost races.
 */
export async function updateStatusTable(
  glue: GluePort,
  database: string,
  changed: StatusRows,
  writeFile: (rows: StatusRows) => Promise<{ readonly location: string }>,
): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const current = await readStatusTable(glue, database)
    const rows = { ...rowsOf(current), ...changed }
    const { location } = await writeFile(rows)
    if (await switchTo(glue, database, current, rows, location)) return
  }
  throw new TransferError(
    'COMMIT_CONFLICT',
    `${database}.${STATUS_TABLE} was changed by others ${MAX_TRIES} times in a row`,
  )
}

async function readStatusTable(glue: GluePort, database: string): Promise<GlueTable | undefined> {
  try {
    return (await glue.getTable({ DatabaseName: database, Name: STATUS_TABLE })).Table
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
}

async function switchTo(
  glue: GluePort,
  database: string,
  current: GlueTable | undefined,
  rows: StatusRows,
  location: string,
): Promise<boolean> {
  const input = parquetTableInput({
    name: STATUS_TABLE,
    description: 'When each data model was last transferred',
    location,
    columns: [
      { name: 'data_model_name', type: 'string' },
      { name: 'transfer_last_updated_at', type: 'timestamp' },
    ],
    parameters: { ...current?.Parameters, [ROWS_PARAMETER]: JSON.stringify(rows) },
  })
  if (current) return updateIfCurrent(glue, database, current, input)
  try {
    await glue.createTable({ DatabaseName: database, TableInput: input })
    return true
  } catch (thrown) {
    if (isTaken(thrown)) return false
    throw thrown
  }
}

/** Rows of earlier transfers; a parameter that somebody else rewrote counts as none. */
function rowsOf(table: GlueTable | undefined): StatusRows {
  const parsed = rowsSchema.safeParse(table?.Parameters?.[ROWS_PARAMETER])
  return parsed.success ? parsed.data : {}
}

const rowsSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' })
      return z.NEVER
    }
  })
  .pipe(z.record(z.string(), z.string()))
