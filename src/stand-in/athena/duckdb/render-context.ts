import type { Expression, Query, Relation } from '../sql/ast.ts'
import type { Origins, Rendered, Scope, ScopeColumn } from './scope.ts'

/** A query rendered for DuckDB; its columns are called `c0`, `c1`, … there. */
export interface RenderedQuery {
  readonly sql: string
  readonly columns: readonly OutputColumn[]
}

/** One column of a query's result; the name is absent when the statement gives none. */
export interface OutputColumn extends Omit<Rendered, 'sql'> {
  readonly name: string | undefined
}

/** A relation rendered for FROM, and the columns it brings into scope. */
export interface RenderedRelation {
  readonly sql: string
  readonly columns: readonly ScopeColumn[]
}

/** What the renderers share during one statement; they contain each other, so they meet here. */
export interface RenderContext {
  readonly renderQuery: (query: Query, outer: Scope | undefined, named: NamedRelations) => RenderedQuery
  readonly renderRelation: (
    relation: Relation,
    outer: Scope | undefined,
    named: NamedRelations,
  ) => RenderedRelation
  readonly renderExpression: (expression: Expression, scope: ScopeWithNames) => Rendered
  /** Opens a stored table under a view of its own. */
  readonly openTable: (relation: Extract<Relation, { kind: 'table' }>) => OpenedTable
  /** Notes that the statement's result depends on these stored columns. */
  readonly markUsed: (origins: Origins) => void
  /** Notes that only rows of the view within these limits can matter. */
  readonly addLimit: (limit: ColumnLimit) => void
  /** A new name for a relation, unique in the statement. */
  readonly newAlias: () => string
}

/** The queries of WITH in reach, by name. */
export type NamedRelations = ReadonlyMap<string, RenderedQuery>

/** A scope together with the WITH names in reach of subqueries in it. */
export interface ScopeWithNames extends Scope {
  readonly named: NamedRelations
}

/** A stored table as a statement sees it. */
export interface OpenedTable {
  readonly view: string
  readonly database: string
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly type: Rendered['type'] }[]
}

/** `column` lies between two literals, both included; an absent one means no limit on that side. */
export interface ColumnLimit {
  readonly view: string
  readonly column: string
  readonly low: string | undefined
  readonly high: string | undefined
  /** Rows that are NULL in the column matter too. */
  readonly withNulls: boolean
}
