import { errorAt, type Place } from '../query-error.ts'
import type { Expression, Query, QueryBody, SortItem } from '../sql/ast.ts'
import { quoteName } from '../sql/tokens.ts'
import { duckdbType, type SqlType } from '../types/sql-type.ts'
import type { NamedRelations, OutputColumn, RenderContext, RenderedQuery } from './render-context.ts'
import { renderSelect } from './render-select.ts'
import { commonOf } from './require-type.ts'
import { joinOrigins, type Scope } from './scope.ts'
import { outputOrdinal, sortText } from './sort-output.ts'

/** Writes a query; its columns are called `c0`, `c1`, … in DuckDB, whatever the statement calls them. */
export function renderQuery(
  context: RenderContext,
  query: Query,
  outer: Scope | undefined,
  named: NamedRelations,
): RenderedQuery {
  let inReach = named
  for (const member of query.with) {
    const rendered = renameColumns(context.renderQuery(member.query, outer, inReach), member.columns)
    inReach = new Map([...inReach, [member.name, rendered]])
  }
  const body = renderBody(context, query.body, query.orderBy, outer, inReach)
  const limit = query.limit === undefined ? '' : ` LIMIT ${query.limit}`
  const offset = query.offset === undefined ? '' : ` OFFSET ${query.offset}`
  return { ...body, sql: `${body.sql}${limit}${offset}` }
}

function renameColumns(query: RenderedQuery, names: readonly string[]): RenderedQuery {
  if (names.length === 0) return query
  return { ...query, columns: query.columns.map((column, index) => ({ ...column, name: names[index] })) }
}

function renderBody(
  context: RenderContext,
  body: QueryBody,
  orderBy: readonly SortItem[],
  outer: Scope | undefined,
  named: NamedRelations,
): RenderedQuery {
  if (body.kind === 'select') return renderSelect(context, body, orderBy, outer, named)
  const rendered = renderPlain(context, body, outer, named)
  const order = orderBy.map(item => renderOutputSort(item, rendered.columns))
  return order.length === 0 ? rendered : { ...rendered, sql: `${rendered.sql} ORDER BY ${order.join(', ')}` }
}

function renderPlain(
  context: RenderContext,
  body: Exclude<QueryBody, { kind: 'select' }>,
  outer: Scope | undefined,
  named: NamedRelations,
): RenderedQuery {
  if (body.kind === 'nested') {
    const nested = context.renderQuery(body.query, outer, named)
    return { ...nested, sql: `SELECT * FROM (${nested.sql}) AS ${quoteName(context.newAlias())}` }
  }
  if (body.kind === 'values') return renderValues(context, body.rows, body.place, outer, named)
  const left = renderBody(context, body.left, [], outer, named)
  const right = renderBody(context, body.right, [], outer, named)
  if (!body.all || body.operator !== 'UNION') {
    for (const column of [...left.columns, ...right.columns]) context.markUsed(column.origins)
  }
  const operator = `${body.operator}${body.all ? ' ALL' : ''}`
  const columns = mergeColumns(left.columns, right.columns, body.place)
  return { sql: `${side(context, left, columns)} ${operator} ${side(context, right, columns)}`, columns }
}

/** Each side is cast to the common types, since DuckDB would choose its own. */
function side(context: RenderContext, query: RenderedQuery, columns: readonly OutputColumn[]): string {
  const items = columns.map(
    (column, index) => `CAST("c${index}" AS ${duckdbType(column.type)}) AS "c${index}"`,
  )
  return `(SELECT ${items.join(', ')} FROM (${query.sql}) AS ${quoteName(context.newAlias())})`
}

function mergeColumns(
  left: readonly OutputColumn[],
  right: readonly OutputColumn[],
  place: Place,
): readonly OutputColumn[] {
  if (left.length !== right.length) {
    const message = `UNION query has different number of fields: ${left.length}, ${right.length}`
    throw errorAt('TYPE_MISMATCH', place, message)
  }
  return left.map((column, index) => {
    const other = right[index] ?? column
    const type = commonOf(
      column.type,
      other.type,
      place,
      (a, b) => `column ${index + 1} in UNION query has incompatible types: ${a}, ${b}`,
    )
    return { name: column.name, type, origins: joinOrigins(column.origins, other.origins) }
  })
}

function renderValues(
  context: RenderContext,
  rows: readonly (readonly Expression[])[],
  place: Place,
  outer: Scope | undefined,
  named: NamedRelations,
): RenderedQuery {
  const scope = { columns: [], outer, named }
  const rendered = rows.map(row => row.map(value => context.renderExpression(value, scope)))
  const width = rendered[0]?.length ?? 0
  const types = Array.from({ length: width }, (): SqlType => ({ kind: 'unknown' }))
  for (const row of rendered) {
    if (row.length !== width) throw errorAt('SYNTAX_ERROR', place, 'Values rows have mismatched sizes')
    for (const [index, value] of row.entries()) {
      types[index] = commonOf(
        types[index] ?? value.type,
        value.type,
        place,
        (a, b) => `Values rows have mismatched types: ${a}, ${b}`,
      )
    }
  }
  const texts = rendered.map(
    row => `(${row.map((value, index) => typed(value.sql, types[index])).join(', ')})`,
  )
  const names = types.map((_, index) => `"c${index}"`).join(', ')
  const alias = quoteName(context.newAlias())
  return {
    sql: `SELECT ${names} FROM (VALUES ${texts.join(', ')}) AS ${alias}(${names})`,
    columns: types.map(type => ({ name: undefined, type, origins: new Set<string>() })),
  }
}

function typed(sql: string, type: SqlType | undefined): string {
  return type === undefined || type.kind === 'unknown' ? sql : `CAST(${sql} AS ${duckdbType(type)})`
}

/** ORDER BY of something that is no SELECT can name result columns alone, by name or by number. */
function renderOutputSort(item: SortItem, columns: readonly OutputColumn[]): string {
  const ordinal = outputOrdinal(item.by, columns)
  if (ordinal === undefined) {
    throw errorAt('COLUMN_NOT_FOUND', item.by.place, 'ORDER BY must name a column of the result')
  }
  return sortText(String(ordinal), item)
}
