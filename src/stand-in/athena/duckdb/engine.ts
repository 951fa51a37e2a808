import type { Catalog, ObjectStore } from '../../services.ts'
import type { DdlContext } from '../ddl/ddl-context.ts'
import { runDdl } from '../ddl/run-ddl.ts'
import type { Engine, Outcome, QueryContext } from '../engine.ts'
import { removeFiles } from '../iceberg/commit.ts'
import { openTableFiles } from '../iceberg/table-files.ts'
import type { DmlStatement } from '../sql/ast.ts'
import { describeStatement, parseStatement } from '../sql/classify.ts'
import type { DdlStatement } from '../sql/ddl.ts'
import { openTableCatalog } from '../table-catalog.ts'
import { changeAsMerge } from './change-as-merge.ts'
import { runCtas } from './run-ctas.ts'
import { runInsert } from './run-insert.ts'
import { runMerge } from './run-merge.ts'
import { runSelect } from './run-select.ts'
import { unloadQuery } from './run-unload.ts'
import type { Session } from './session.ts'
import { createSessionPool, type SessionPool } from './session-pool.ts'
import type { WriteContext } from './write-context.ts'

/** What the engine reads and writes. */
export interface EngineDependencies {
  readonly store: ObjectStore
  readonly catalog: Catalog
}

/** Runs statements in DuckDB child processes over the caller's own Glue entries and S3 objects. */
export function createDuckDbEngine(deps: EngineDependencies): Engine {
  const pool = createSessionPool()
  return {
    classify: (sql, parameters) => describeStatement(parseStatement(sql, parameters)),
    run(sql, context) {
      const parsed = parseStatement(sql, context.parameters)
      if (parsed.kind === 'ddl') return runOnCatalog(deps, parsed.statement, context)
      return runInDuckDb(deps, pool, parsed.statement, context)
    },
    close: () => pool.close(),
  }
}

async function runOnCatalog(
  deps: EngineDependencies,
  statement: DdlStatement,
  query: QueryContext,
): Promise<Outcome> {
  const { caller, database } = query
  const files = openTableFiles(deps.store, caller)
  const context: DdlContext = { ...deps, files, caller, database, beforeCommit: query.beforeCommit }
  const { columns, rows } = await runDdl(context, statement)
  await query.sink.begin(columns.map(name => ({ name, type: { kind: 'varchar' } })))
  await query.sink.write(rows)
  return { scannedBytes: 0 }
}

function runInDuckDb(
  deps: EngineDependencies,
  pool: SessionPool,
  statement: DmlStatement,
  query: QueryContext,
): Promise<Outcome> {
  const options = { temporaryDirectory: query.workDirectory, signal: query.signal }
  return pool.use(options, session => runDml(openWriteContext(deps, session, query), statement))
}

function openWriteContext(deps: EngineDependencies, session: Session, query: QueryContext): WriteContext {
  const { caller } = query
  const files = openTableFiles(deps.store, caller)
  return {
    query,
    catalog: openTableCatalog(deps.catalog, files, query),
    views: { session, files, caller, store: deps.store },
    commit: { catalog: deps.catalog, files, caller, beforeCommit: query.beforeCommit },
  }
}

function runDml(context: WriteContext, statement: DmlStatement): Promise<Outcome> {
  switch (statement.kind) {
    case 'select':
      return runSelect(statement.query, context.catalog, context.views, context.query)
    case 'unload':
      return withoutOrphans(context, async tidy => (await unloadQuery(tidy, statement)).outcome)
    case 'ctas':
      return withoutOrphans(context, tidy => runCtas(tidy, statement))
    case 'insert':
      return withoutOrphans(context, tidy => runInsert(tidy, statement))
    case 'merge':
      return withoutOrphans(context, tidy => runMerge(tidy, statement))
    case 'update':
    case 'delete':
      return withoutOrphans(context, tidy => runMerge(tidy, changeAsMerge(statement)))
  }
}

/** The commit is the last thing a write does, so after a failure none of its files is in a table: they are removed. */
async function withoutOrphans(
  context: WriteContext,
  write: (context: WriteContext) => Promise<Outcome>,
): Promise<Outcome> {
  const written: string[] = []
  const onFileWritten = (uri: string): void => {
    written.push(uri)
    context.query.onFileWritten(uri)
  }
  try {
    return await write({ ...context, query: { ...context.query, onFileWritten } })
  } catch (error) {
    await removeFiles(context.views.files, written)
    throw error
  }
}
