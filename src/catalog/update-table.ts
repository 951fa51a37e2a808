import { type GluePort, type GlueTable, isStale } from './glue-port.ts'

/** Writers that may come between reading and writing an entry before it is given up. */
export const MAX_TRIES = 10

/** The version of an entry, which another one has after each change. */
export function versionOf({ VersionId }: Pick<GlueTable, 'VersionId'>): string {
  return VersionId ?? '0'
}

/** Writes a table's entry if it is still the version that was read; false when somebody was faster. */
export async function updateIfCurrent(
  glue: GluePort,
  database: string,
  read: Pick<GlueTable, 'VersionId'>,
  table: Parameters<GluePort['updateTable']>[0]['TableInput'],
): Promise<boolean> {
  const VersionId = versionOf(read)
  try {
    await glue.updateTable({ DatabaseName: database, TableInput: table, VersionId, SkipArchive: true })
    return true
  } catch (thrown) {
    if (isStale(thrown)) return false
    throw thrown
  }
}
