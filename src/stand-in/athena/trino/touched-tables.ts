import { z } from 'zod'
import type { Place } from '../query-error.ts'
import type { DmlStatement } from '../sql/ast.ts'

/** A table as a statement names it. */
export interface TableName {
  readonly parts: readonly string[]
  readonly place: Place
}

const relationSchema = z.object({
  kind: z.literal('table'),
  parts: z.array(z.string()),
  place: z.object({ line: z.number(), column: z.number() }),
})

const withSchema = z.object({ with: z.array(z.object({ name: z.string(), query: z.unknown() })) })

/** Every table that a statement reads, wherever in it; members of WITH lists are no tables. */
export function tablesRead(statement: DmlStatement): readonly TableName[] {
  const found = new Map<string, TableName>()
  collect(statement, new Set(), found)
  return [...found.values()]
}

function collect(node: unknown, named: ReadonlySet<string>, found: Map<string, TableName>): void {
  if (typeof node !== 'object' || node === null) return
  const relation = relationSchema.safeParse(node)
  if (relation.success) {
    const { parts, place } = relation.data
    const isNamed = parts.length === 1 && named.has(parts[0] ?? '')
    if (!isNamed) found.set(JSON.stringify(parts), { parts, place })
  }
  const inner = new Set(named)
  const list = withSchema.safeParse(node)
  // A member sees those before it, never itself: `WITH t AS (SELECT * FROM t)` reads a table.
  for (const member of list.success ? list.data.with : []) {
    collect(member.query, new Set(inner), found)
    inner.add(member.name)
  }
  for (const [key, member] of Object.entries(node)) {
    if (!(list.success && key === 'with')) collect(member, inner, found)
  }
}
