import { authorizeGlue, type GlueContext, requireTable } from './access.ts'
import { entityNotFound, invalidInput } from './errors.ts'
import { recordKey, recordsUnder, type TableRecord } from './store.ts'

/** GetTableVersions, newest first; those that updates did not archive are not among them. */
export function getTableVersions(
  context: GlueContext,
  database: string,
  name: string,
): readonly TableRecord[] {
  authorizeGlue(context, 'GetTableVersions', { database, table: name })
  const current = requireTable(context, database, name)
  const older = recordsUnder(context.store.versions, context.scope, database, name).map(
    ([, version]) => version,
  )
  return [current, ...older].sort((left, right) => Number(right.VersionId) - Number(left.VersionId))
}

/** GetTableVersion; without a version id the current one. */
export function getTableVersion(
  context: GlueContext,
  database: string,
  name: string,
  versionId: string | undefined,
): TableRecord {
  authorizeGlue(context, 'GetTableVersion', { database, table: name })
  const current = requireTable(context, database, name)
  if (versionId === undefined || versionId === current.VersionId) return current
  const version = context.store.versions.get(recordKey(context.scope, database, name, versionId))
  if (!version) throw entityNotFound(`Version ${versionId} of table ${name} not found.`)
  return version
}

/** DeleteTableVersion: an archived one only. */
export async function deleteTableVersion(
  context: GlueContext,
  database: string,
  name: string,
  versionId: string,
): Promise<void> {
  authorizeGlue(context, 'DeleteTableVersion', { database, table: name })
  const current = requireTable(context, database, name)
  if (versionId === current.VersionId) throw invalidInput('The current version of a table cannot be deleted.')
  const key = recordKey(context.scope, database, name, versionId)
  if (!context.store.versions.has(key))
    throw entityNotFound(`Version ${versionId} of table ${name} not found.`)
  await context.store.versions.delete(key)
}
