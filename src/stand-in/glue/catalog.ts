import type { Caller, Catalog } from '../services.ts'
import { type GlueContext, type GlueDeps, glueContext } from './access.ts'
import { createDatabase, deleteDatabase, getDatabase, getDatabases } from './databases.ts'
import { databaseInputSchema, foldedName, tableInputSchema } from './inputs.ts'
import { readInput } from './read-input.ts'
import { createTable, deleteTable, getTable, getTables, updateTable } from './tables.ts'

/** Glue for the other services of the stand-in, under the same rules as over HTTP. */
export function createCatalog(deps: GlueDeps): Catalog {
  const own = (caller: Caller): GlueContext => glueContext(deps, caller, undefined)
  const fold = (name: string): string => readInput(foldedName, name)
  return {
    getDatabase: async (caller, name) => getDatabase(own(caller), fold(name)),
    getDatabases: async caller => getDatabases(own(caller)),
    createDatabase: async (caller, input) =>
      createDatabase(own(caller), readInput(databaseInputSchema, input)),
    deleteDatabase: async (caller, name) => deleteDatabase(own(caller), fold(name)),
    getTable: async (caller, database, name) => getTable(own(caller), fold(database), fold(name)),
    getTables: async (caller, database) => getTables(own(caller), fold(database)),
    createTable: async (caller, database, input) =>
      createTable(own(caller), fold(database), readInput(tableInputSchema, input)),
    updateTable: async (caller, database, input, options) =>
      updateTable(own(caller), fold(database), readInput(tableInputSchema, input), options),
    deleteTable: async (caller, database, name) => deleteTable(own(caller), fold(database), fold(name)),
  }
}
