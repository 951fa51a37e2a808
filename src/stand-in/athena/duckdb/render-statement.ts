import { errorAt, type Place } from '../query-error.ts'
import type { Relation } from '../sql/ast.ts'
import type { CatalogTable, TableCatalog } from '../table-catalog.ts'
import { type MetadataTable, metadataTableColumns, splitMetadataName } from './metadata-tables.ts'
import type { ColumnLimit, OpenedTable, RenderContext } from './render-context.ts'
import { renderExpression } from './render-expression.ts'
import { renderQuery } from './render-query.ts'
import { renderRelation } from './render-relation.ts'

/** One place in a statement that reads a table, under a view of its own. */
export interface TableReference {
  readonly view: string
  readonly table: CatalogTable
  /** Set for `"table$snapshots"` and its like. */
  readonly metadataTable: MetadataTable | undefined
  readonly asOf: Extract<Relation, { kind: 'table' }>['asOf']
}

/** What rendering a statement brings to light. */
export interface StatementReads {
  readonly references: readonly TableReference[]
  /** Stored columns the result depends on, as `view.column`. */
  readonly used: ReadonlySet<string>
  readonly limits: readonly ColumnLimit[]
}

/**
 * Renders a statement whose tables are not known beforehand.
 *
 * Rendering cannot wait, reading a table's entry must: a table met for the first time stops the rendering, is read,
 * and the rendering begins again.
 */
export async function renderStatement<Result>(
  catalog: TableCatalog,
  render: (context: RenderContext) => Result,
): Promise<{ readonly result: Result; readonly reads: StatementReads }> {
  const tables = new Map<string, CatalogTable>()
  for (;;) {
    const { context, reads } = createRenderContext(tables)
    try {
      return { result: render(context), reads }
    } catch (error) {
      if (!(error instanceof UnreadTable)) throw error
      tables.set(error.parts.join('.'), await catalog.read(error.parts, error.place))
    }
  }
}

/** Stops the rendering until a table is read. */
class UnreadTable extends Error {
  readonly parts: readonly string[]
  readonly place: Place

  constructor(parts: readonly string[], place: Place) {
    super(`The table ${parts.join('.')} is not read yet`)
    this.parts = parts
    this.place = place
  }
}

function createRenderContext(tables: ReadonlyMap<string, CatalogTable>): {
  readonly context: RenderContext
  readonly reads: StatementReads
} {
  const references: TableReference[] = []
  const limits: ColumnLimit[] = []
  const used = new Set<string>()
  let aliases = 0
  const context: RenderContext = {
    renderQuery: (query, outer, named) => renderQuery(context, query, outer, named),
    renderRelation: (relation, outer, named) => renderRelation(context, relation, outer, named),
    renderExpression: (expression, scope) => renderExpression(context, expression, scope),
    openTable: relation => {
      const reference = openReference(tables, relation, `v${references.length}`)
      references.push(reference)
      return openedTable(reference)
    },
    markUsed: origins => {
      for (const origin of origins) used.add(origin)
    },
    addLimit: limit => void limits.push(limit),
    newAlias: () => `r${aliases++}`,
  }
  return { context, reads: { references, used, limits } }
}

function openReference(
  tables: ReadonlyMap<string, CatalogTable>,
  relation: Extract<Relation, { kind: 'table' }>,
  view: string,
): TableReference {
  const { parts, metadataTable } = splitMetadataName(relation.parts)
  const table = tables.get(parts.join('.'))
  if (!table) throw new UnreadTable(parts, relation.place)
  if (metadataTable && table.kind !== 'iceberg') {
    throw errorAt('TABLE_NOT_FOUND', relation.place, `Table '${relation.parts.join('.')}' does not exist`)
  }
  return { view, table, metadataTable, asOf: relation.asOf }
}

function openedTable(reference: TableReference): OpenedTable {
  const { table, metadataTable, view } = reference
  const columns = metadataTable ? metadataTableColumns(metadataTable) : table.columns
  return { view, database: table.database, table: table.name, columns }
}
