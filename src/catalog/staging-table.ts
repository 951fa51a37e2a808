import { type GluePort, isNotFound, isTaken } from './glue-port.ts'
import { type ParquetTable, parquetTableInput } from './parquet-table.ts'

/** Parameter that every staging table carries, with the transfer's id as value: the proof that it is ours to remove. */
export const STAGING_PARAMETER = 'athena_transfer.staging'

/** Parameter with the name of the target table that is loaded from it. */
export const TARGET_PARAMETER = 'athena_transfer.target'

/** What every staging table's name begins with. */
export const STAGING_PREFIX = '_transfer_staging_'

/** Makes a staging table over an attempt's folder. Its name is the attempt's own, so one that exists is the same one. */
export async function createStagingTable(
  glue: GluePort,
  database: string,
  table: Pick<ParquetTable, 'name' | 'location' | 'columns'> & {
    readonly transferId: string
    readonly target: string
  },
): Promise<void> {
  const input = parquetTableInput({
    ...table,
    description: 'Staged rows of one transfer; removed when they are loaded',
    parameters: { [STAGING_PARAMETER]: table.transferId, [TARGET_PARAMETER]: table.target },
  })
  try {
    await glue.createTable({ DatabaseName: database, TableInput: input })
  } catch (thrown) {
    if (!isTaken(thrown)) throw thrown
  }
}

/** Makes sure that a staging table is gone. Its files are not touched. */
export async function deleteStagingTable(
  glue: Pick<GluePort, 'deleteTable'>,
  database: string,
  name: string,
): Promise<void> {
  try {
    await glue.deleteTable({ DatabaseName: database, Name: name })
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown
  }
}
