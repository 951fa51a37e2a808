import { errorAt, onlyOnTrino } from '../query-error.ts'
import type { Alias, Relation } from '../sql/ast.ts'
import { quoteName } from '../sql/tokens.ts'
import { renderComparison } from './render-binary.ts'
import type {
  NamedRelations,
  RenderContext,
  RenderedQuery,
  RenderedRelation,
  ScopeWithNames,
} from './render-context.ts'
import { requireBoolean } from './require-type.ts'
import type { Scope, ScopeColumn } from './scope.ts'

/** Writes what stands in FROM: stored tables as views, subqueries, WITH names, joins. */
export function renderRelation(
  context: RenderContext,
  relation: Relation,
  outer: Scope | undefined,
  named: NamedRelations,
): RenderedRelation {
  switch (relation.kind) {
    case 'query':
      return renderDerived(context, context.renderQuery(relation.query, outer, named), relation.alias)
    case 'table':
      return renderTable(context, relation, named)
    case 'join':
      return renderJoin(context, relation, outer, named)
    case 'unnest':
      throw onlyOnTrino('UNNEST')
  }
}

function renderDerived(
  context: RenderContext,
  query: RenderedQuery,
  alias: Alias | undefined,
): RenderedRelation {
  const name = context.newAlias()
  const columns = query.columns.map((column, index) => ({
    name: alias?.columns[index] ?? column.name ?? `_col${index}`,
    qualifiers: alias ? [alias.name] : [],
    sql: `${name}.c${index}`,
    type: column.type,
    origins: column.origins,
  }))
  return { sql: `(${query.sql}) AS ${name}`, columns }
}

function renderTable(
  context: RenderContext,
  relation: Extract<Relation, { kind: 'table' }>,
  named: NamedRelations,
): RenderedRelation {
  const [first = ''] = relation.parts
  const member = relation.parts.length === 1 ? named.get(first) : undefined
  if (member) return renderDerived(context, member, relation.alias ?? { name: first, columns: [] })
  const table = context.openTable(relation)
  const { alias } = relation
  const qualifiers = alias ? [alias.name] : [table.table, `${table.database}.${table.table}`]
  const name = context.newAlias()
  const columns = table.columns.map((column, index) => ({
    name: alias?.columns[index] ?? column.name,
    qualifiers,
    sql: `${name}.${quoteName(column.name)}`,
    type: column.type,
    origins: new Set([`${table.view}.${column.name}`]),
    stored: { view: table.view, column: column.name },
  }))
  return { sql: `${table.view} AS ${name}`, columns }
}

function renderJoin(
  context: RenderContext,
  relation: Extract<Relation, { kind: 'join' }>,
  outer: Scope | undefined,
  named: NamedRelations,
): RenderedRelation {
  const left = context.renderRelation(relation.left, outer, named)
  const right = context.renderRelation(relation.right, outer, named)
  const columns = [...left.columns, ...right.columns]
  if (relation.join === 'CROSS') return { sql: `${left.sql} CROSS JOIN ${right.sql}`, columns }
  if (relation.using.length > 0) return renderUsing(context, relation, left, right)
  if (!relation.on) throw errorAt('SYNTAX_ERROR', relation.place, 'A join needs ON or USING')
  const scope: ScopeWithNames = { columns, outer, named }
  const on = context.renderExpression(relation.on, scope)
  requireBoolean(on, relation.on.place, 'JOIN ON clause')
  context.markUsed(on.origins)
  return { sql: `(${left.sql} ${relation.join} JOIN ${right.sql} ON ${on.sql})`, columns }
}

/** USING gives each joined column once, first of all, without a qualifier. */
function renderUsing(
  context: RenderContext,
  relation: Extract<Relation, { kind: 'join' }>,
  left: RenderedRelation,
  right: RenderedRelation,
): RenderedRelation {
  const pairs = relation.using.map(name => {
    const find = (columns: readonly ScopeColumn[]): ScopeColumn => {
      const column = columns.find(one => one.name === name)
      if (column) return column
      throw errorAt('COLUMN_NOT_FOUND', relation.place, `Column '${name}' is missing from one side of join`)
    }
    return { name, left: find(left.columns), right: find(right.columns) }
  })
  const terms = pairs.map(pair => renderComparison('=', pair.left, pair.right, relation.place))
  for (const term of terms) context.markUsed(term.origins)
  const joined = pairs.map((pair, index) => ({
    name: pair.name,
    qualifiers: [],
    sql: `coalesce(${pair.left.sql}, ${pair.right.sql})`,
    type: pair.left.type,
    origins: terms[index]?.origins ?? pair.left.origins,
  }))
  const rest = [...left.columns, ...right.columns].filter(column => !relation.using.includes(column.name))
  const on = terms.map(term => term.sql).join(' AND ')
  return { sql: `(${left.sql} ${relation.join} JOIN ${right.sql} ON ${on})`, columns: [...joined, ...rest] }
}
