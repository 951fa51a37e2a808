import type { QueryContext, ResultRow } from '../engine.ts'
import type { Query } from '../sql/ast.ts'
import type { TableCatalog } from '../table-catalog.ts'
import type { SqlType } from '../types/sql-type.ts'
import { holds, isNested, type NestedType, partsOf, rebuilt } from './nested-sql.ts'
import { openViews, requireScanLimit, type ViewContext } from './open-views.ts'
import type { RenderedQuery } from './render-context.ts'
import { renderStatement } from './render-statement.ts'
import { resultText } from './result-text.ts'
import { lockDown } from './sandbox.ts'

/** Runs a query and hands its rows to the sink; gives the bytes scanned. */
export async function runSelect(
  query: Query,
  catalog: TableCatalog,
  views: ViewContext,
  context: QueryContext,
): Promise<{ readonly scannedBytes: number }> {
  const { result, reads } = await renderStatement(catalog, render => {
    const rendered = render.renderQuery(query, undefined, new Map())
    for (const column of rendered.columns) render.markUsed(column.origins)
    return rendered
  })
  const opened = await openViews(views, reads)
  requireScanLimit(opened.scannedBytes, context.scanLimitBytes)
  await lockDown(views.session, [...opened.paths], context.workDirectory)
  await writeRows(result, views, context)
  return { scannedBytes: opened.scannedBytes }
}

async function writeRows(query: RenderedQuery, views: ViewContext, context: QueryContext): Promise<void> {
  const types = query.columns.map(column => column.type)
  const columns = query.columns.map((column, index) => ({
    name: column.name ?? `_col${index}`,
    type: column.type,
  }))
  await context.sink.begin(columns)
  const items = types.map((type, index) => `${readableSql(`q."c${index}"`, type)} AS "c${index}"`)
  // The outer SELECT keeps the order of the inner one only while it is a plain projection, which it is.
  for await (const batch of views.session.stream(`SELECT ${items.join(', ')} FROM (${query.sql}) AS q`)) {
    await context.sink.write(
      batch.map((row): ResultRow => row.map((value, index) => textOf(value, types[index]))),
    )
  }
}

function readableSql(sql: string, type: SqlType): string {
  if (type.kind === 'varbinary') return `hex(${sql})`
  if (isNested(type)) return holds(type, isUnreadable) ? readableNested(sql, type) : sql
  // As JSON, a negative zero would lose its sign.
  if (type.kind === 'real' || type.kind === 'double') return `CAST(${sql} AS VARCHAR)`
  return type.kind === 'timestamptz' ? `CAST(${sql} AS TIMESTAMP)` : sql
}

function isUnreadable(type: SqlType): boolean {
  return !isNested(type) && readableSql('', type) !== ''
}

function readableNested(sql: string, type: NestedType): string {
  const parts = partsOf(type)
  return rebuilt(sql, type, (part, index) => readableSql(part, parts[index] ?? type))
}

function textOf(value: unknown, type: SqlType | undefined): string | null {
  return type ? resultText(value, type) : String(value)
}
