import { TransferError } from '../domain/errors.ts'
import type { GluePort } from './glue-port.ts'
import { MAX_TRIES, updateIfCurrent } from './update-table.ts'
import { writableFields } from './writable-fields.ts'

/**
 * Gives a table a description, unless it has it. Every other field of the entry is sent back as it was read, the
 * customer's Parameters too, and only if nobody changed the entry meanwhile.
 *
 * @throws {TransferError} `COMMIT_CONFLICT` after 10 lost races.
 */
export async function describeTable(
  glue: GluePort,
  database: string,
  name: string,
  description: string,
): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const { Table } = await glue.getTable({ DatabaseName: database, Name: name })
    if (!Table || (Table.Description ?? '') === description) return
    const described = { ...writableFields(Table, name), Description: description }
    if (await updateIfCurrent(glue, database, Table, described)) return
  }
  throw new TransferError(
    'COMMIT_CONFLICT',
    `the description of "${database}"."${name}" was not written: others changed the table ${MAX_TRIES} times in a row`,
  )
}
