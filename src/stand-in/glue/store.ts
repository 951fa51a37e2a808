import { join } from 'node:path'
import { z } from 'zod'
import { type KeyedLog, openKeyedLog } from '../storage/keyed-log.ts'
import {
  columnStatisticsSchema,
  databaseInputSchema,
  partitionInputSchema,
  tableInputSchema,
} from './inputs.ts'

const databaseSchema = databaseInputSchema.extend({ CreateTime: z.number(), CatalogId: z.string() })

const tableSchema = tableInputSchema.extend({
  DatabaseName: z.string(),
  VersionId: z.string(),
  CreateTime: z.number(),
  UpdateTime: z.number(),
  CreatedBy: z.string(),
  CatalogId: z.string(),
  IsRegisteredWithLakeFormation: z.literal(false),
})

const partitionSchema = partitionInputSchema.extend({
  DatabaseName: z.string(),
  TableName: z.string(),
  CreationTime: z.number(),
  CatalogId: z.string(),
})

export type DatabaseRecord = z.output<typeof databaseSchema>
export type TableRecord = z.output<typeof tableSchema>
export type PartitionRecord = z.output<typeof partitionSchema>

/** Whose catalog, where: every name lives inside one. */
export interface CatalogScope {
  readonly catalogId: string
  readonly region: string
}

/** All catalogs, keyed by `recordKey`. */
export interface GlueStore {
  readonly databases: KeyedLog<DatabaseRecord>
  readonly tables: KeyedLog<TableRecord>
  /** Older versions of tables; the current one is in `tables`. */
  readonly versions: KeyedLog<TableRecord>
  readonly partitions: KeyedLog<PartitionRecord>
  /** Of tables: one more name, the column; of partitions: the values as JSON before it. */
  readonly statistics: KeyedLog<z.output<typeof columnStatisticsSchema>>
  /** ARNs that Lake Formation grants a database to, by the database; one that is not here is IAM's alone. */
  readonly governed: KeyedLog<string[]>
  /** Makes the database `default` the first time that a catalog is looked at. */
  ensureCatalog(scope: CatalogScope): void
  close(): Promise<void>
}

/** The key of a thing in a catalog: its names from the outside in. */
export function recordKey(scope: CatalogScope, ...names: readonly string[]): string {
  return JSON.stringify([scope.catalogId, scope.region, ...names])
}

/** The values whose names begin with these and go on by one at least, in order of their keys. */
export function recordsUnder<Value>(
  log: KeyedLog<Value>,
  scope: CatalogScope,
  ...names: readonly string[]
): readonly (readonly [key: string, value: Value])[] {
  const prefix = `${recordKey(scope, ...names).slice(0, -1)},`
  return [...log.entries()]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
}

/** Opens the catalogs kept in `folder`. */
export async function openGlueStore(folder: string): Promise<GlueStore> {
  const databases = await openKeyedLog(join(folder, 'databases.jsonl'), databaseSchema)
  const tables = await openKeyedLog(join(folder, 'tables.jsonl'), tableSchema)
  const versions = await openKeyedLog(join(folder, 'versions.jsonl'), tableSchema)
  const partitions = await openKeyedLog(join(folder, 'partitions.jsonl'), partitionSchema)
  const statistics = await openKeyedLog(join(folder, 'statistics.jsonl'), columnStatisticsSchema)
  const governed = await openKeyedLog(join(folder, 'lake-formation.jsonl'), z.array(z.string()))
  const catalogs = await openKeyedLog(join(folder, 'catalogs.jsonl'), z.literal(true))
  const write = (saved: Promise<void>): void => {
    saved.catch(error => process.stderr.write(`${error}\n`))
  }
  return {
    databases,
    tables,
    versions,
    partitions,
    statistics,
    governed,
    ensureCatalog(scope) {
      if (catalogs.has(recordKey(scope))) return
      const made = { Name: 'default', CatalogId: scope.catalogId, CreateTime: epochSeconds() }
      write(databases.set(recordKey(scope, 'default'), made))
      write(catalogs.set(recordKey(scope), true))
    },
    async close() {
      for (const log of [databases, tables, versions, partitions, statistics, governed, catalogs])
        await log.close()
    },
  }
}

/** Glue's times: seconds since the epoch. */
export function epochSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
