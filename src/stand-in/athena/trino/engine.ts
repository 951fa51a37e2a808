import type { Authorizer, Catalog, ObjectStore } from '../../services.ts'
import type { DdlContext } from '../ddl/ddl-context.ts'
import { runDdl } from '../ddl/run-ddl.ts'
import { resultText } from '../duckdb/result-text.ts'
import { type Engine, type Outcome, type QueryContext, ScanLimitExceeded } from '../engine.ts'
import { openTableFiles } from '../iceberg/table-files.ts'
import type { DmlStatement } from '../sql/ast.ts'
import type { DdlStatement } from '../sql/ddl.ts'
import { quoteName } from '../sql/tokens.ts'
import { type IcebergTable, openTableCatalog } from '../table-catalog.ts'
import { type CatalogSource, createCatalogs, icebergCatalog, type TrinoCatalogs } from './catalogs.ts'
import { runOnTrino, TrinoError, type TrinoOutcome } from './client.ts'
import { trinoIcebergDdl } from './iceberg-ddl.ts'
import { type Maintenance, maintenanceSql } from './maintenance.ts'
import { type PlannedTables, plannedTables, planSql } from './planned-tables.ts'
import { describeRead, readStatement } from './read-statement.ts'
import {
  type RightsContext,
  requireMaintenanceRights,
  requirePlannedRights,
  requireRights,
} from './require-rights.ts'
import { toQueryError } from './to-query-error.ts'
import { trinoSql } from './trino-sql.ts'
import { plainValue, typeOfColumn } from './trino-value.ts'
import { writtenFiles } from './written-files.ts'

/** What the engine works with. */
export interface TrinoEngineDependencies {
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly trino: CatalogSource
}

/** Runs statements in a real Trino, which reads and writes under its own identity; the caller's rights are asked first. */
export function createTrinoEngine(deps: TrinoEngineDependencies): Engine {
  const catalogs = createCatalogs(deps.trino)
  return {
    classify: (sql, parameters) => describeRead(readStatement(sql, parameters), sql),
    run(sql, query) {
      const run: Run = { ...deps, ...query, query, catalogs }
      const read = readStatement(sql, query.parameters)
      if (read.kind === 'maintenance') return runMaintenance(run, read.statement)
      if (read.kind === 'ddl') return runCatalogStatement(run, read.statement)
      return runDml(run, sql, read.kind === 'dml' ? read.statement : undefined)
    },
    close: () => Promise.resolve(),
  }
}

interface Run extends TrinoEngineDependencies, RightsContext {
  readonly query: QueryContext
  readonly catalogs: TrinoCatalogs
}

async function runCatalogStatement(run: Run, statement: DdlStatement): Promise<Outcome> {
  const { query } = run
  const name = await run.catalogs.open(run.caller)
  const context: DdlContext = {
    ...run,
    files: openTableFiles(run.store, run.caller),
    beforeCommit: query.beforeCommit,
    iceberg: trinoIcebergDdl(icebergCatalog(name), sql => send(run, sql, name), run.authorizer),
  }
  const { columns, rows } = await runDdl(context, statement)
  await query.sink.begin(columns.map(column => ({ name: column, type: { kind: 'varchar' } })))
  await query.sink.write(rows)
  return { scannedBytes: 0 }
}

async function runDml(run: Run, text: string, statement: DmlStatement | undefined): Promise<Outcome> {
  const { parameters } = run.query
  const known = statement && (await requireRights(run, statement))
  const catalog = await run.catalogs.open(run.caller)
  const sql = trinoSql(text, catalog, parameters)
  const target = statement ? known : await requirePlannedRights(run, await planTables(run, sql, catalog))
  if (!target) return sendSelect(run, sql, catalog)
  run.query.beforeCommit()
  const { scannedBytes, updateCount = 0 } = await send(run, sql, catalog)
  await tellWritten(run, target)
  return { scannedBytes, updateCount }
}

async function planTables(run: Run, sql: string, catalog: string): Promise<PlannedTables> {
  const answer: unknown[] = []
  await send(run, planSql(sql), catalog, async (_columns, rows) => void answer.push(...rows.flat()))
  return plannedTables(String(answer[0]), catalog)
}

async function runMaintenance(run: Run, statement: Maintenance): Promise<Outcome> {
  const table = await requireMaintenanceRights(run, statement)
  run.query.beforeCommit()
  const catalog = await run.catalogs.open(run.caller)
  const name = [icebergCatalog(catalog), table.database, table.name].map(quoteName).join('.')
  let scannedBytes = 0
  for (const sql of maintenanceSql(statement, name, table.metadata.properties)) {
    scannedBytes += (await send(run, sql, catalog)).scannedBytes
  }
  return { scannedBytes }
}

async function tellWritten(run: Run, before: IcebergTable): Promise<void> {
  const files = openTableFiles(run.store, run.caller)
  const after = await openTableCatalog(run.catalog, files, run).read([before.database, before.name], {
    line: 1,
    column: 1,
  })
  if (after.kind !== 'iceberg' || after.metadataLocation === before.metadataLocation) return
  for (const uri of await writtenFiles(files, after.metadata)) run.query.onFileWritten(uri)
}

async function send(
  run: Run,
  sql: string,
  catalog: string,
  onRows?: Parameters<typeof runOnTrino>[1]['onRows'],
): Promise<TrinoOutcome> {
  const limit = run.query.scanLimitBytes
  const request = { url: run.trino.trinoUrl, catalog, schema: run.database, signal: run.query.signal }
  const onProgress = (scannedBytes: number, hasEnded: boolean): void => {
    // A change that has ended is in the table: to call it cancelled would be untrue.
    const isDone = hasEnded && onRows === undefined
    if (limit !== undefined && scannedBytes > limit && !isDone) throw new ScanLimitExceeded()
  }
  try {
    return await runOnTrino(sql, { ...request, onProgress, onRows: onRows ?? (() => Promise.resolve()) })
  } catch (error) {
    throw error instanceof TrinoError ? toQueryError(error.failure, catalog) : error
  }
}

async function sendSelect(run: Run, sql: string, catalog: string): Promise<Outcome> {
  const { sink } = run.query
  let hasBegun = false
  const outcome = await send(run, sql, catalog, async (columns, rows) => {
    const types = columns.map(column => typeOfColumn(column.type))
    if (!hasBegun) {
      hasBegun = true
      await sink.begin(
        columns.map(({ name }, index) => ({ name, type: types[index] ?? { kind: 'varchar' } })),
      )
    }
    await sink.write(
      rows.map(row =>
        row.map((value, index) => {
          const type = types[index] ?? { kind: 'varchar' }
          return resultText(plainValue(value, type), type)
        }),
      ),
    )
  })
  return { scannedBytes: outcome.scannedBytes }
}
