import { z } from 'zod'
import { namedError } from '../query-error.ts'
import { tokenize } from '../sql/tokens.ts'
import { icebergCatalog } from './catalogs.ts'

/** What Trino says that a statement would read and write. */
export interface PlannedTables {
  /** Database and table of each one that is read. */
  readonly inputs: readonly (readonly string[])[]
  readonly output: readonly string[] | undefined
}

const tableSchema = z.object({
  catalog: z.string(),
  schemaTable: z.object({ schema: z.string(), table: z.string() }),
})

const planSchema = z.object({
  inputTableColumnInfos: z.array(z.object({ table: tableSchema })),
  outputTable: tableSchema.optional(),
})

/** The statement that makes Trino plan another one and tell its tables, without running it. */
export function planSql(sql: string): string {
  const { tokens } = tokenize(sql)
  const hasFunction = tokens.some(
    (token, index) => token.keyword === 'TABLE' && tokens[index + 1]?.text === '(',
  )
  // A table function may read what no plan names.
  if (hasFunction) throw namedError('NOT_SUPPORTED', 'A table function is not supported by the stand-in')
  return `EXPLAIN (TYPE IO, FORMAT JSON) ${sql}`
}

/**
 * Reads Trino's answer to `planSql`.
 *
 * @throws {QueryError} `NOT_SUPPORTED` for tables outside of the caller's own catalogs, such as Trino's system tables.
 */
export function plannedTables(answer: string, catalog: string): PlannedTables {
  const { inputTableColumnInfos: inputs, outputTable } = planSchema.parse(JSON.parse(answer))
  const nameOf = (table: z.infer<typeof tableSchema>): readonly string[] => {
    const { schema, table: name } = table.schemaTable
    if ([catalog, icebergCatalog(catalog)].includes(table.catalog) && schema !== 'information_schema')
      return [schema, name]
    throw namedError(
      'NOT_SUPPORTED',
      `${schema}.${name} is not supported by the Trino engine of the stand-in`,
    )
  }
  return { inputs: inputs.map(({ table }) => nameOf(table)), output: outputTable && nameOf(outputTable) }
}
