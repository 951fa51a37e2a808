import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { RowTexts } from '../support/load-problems.ts'
import { CHANGED_AT, type ChinookModel } from './models.ts'

/** A row of a source as JSON has it. */
export type SourceRow = Readonly<Record<string, string | number | boolean | null>>

const rowSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

/** The rows of one of Chinook's files, in its order. */
export async function readRows(folder: string, { table }: ChinookModel): Promise<readonly SourceRow[]> {
  const text = await readFile(join(folder, `${table}.ndjson`), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map(line => rowSchema.parse(JSON.parse(line)))
}

/** The columns that a model takes of a row. */
export function taken({ columns }: ChinookModel, row: SourceRow): SourceRow {
  return Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))
}

/** A row's key as text. */
export function keyOf({ primaryKey }: ChinookModel, row: SourceRow): string {
  return JSON.stringify(primaryKey.map(name => row[name]))
}

/** The row as Athena shows it. */
export function textsOf({ columns }: ChinookModel, row: SourceRow): RowTexts {
  return columns.map(({ name, type }) => {
    const value = row[name] ?? null
    if (value === null) return null
    if (type === 'timestamp') return `${String(value).slice(0, 19).replace('T', ' ')}.000000`
    return type.startsWith('decimal') ? Number(value).toFixed(2) : String(value)
  })
}

/**
 * What a table must hold after a transfer, by a plain reading of the write modes: the newest row of each key less
 * those marked as deleted, every row ever seen, or what the source holds.
 */
export function tableAfter(
  model: ChinookModel,
  before: readonly SourceRow[],
  source: readonly SourceRow[],
): readonly SourceRow[] {
  if (model.writeMode === 'overwrite') return source
  if (model.writeMode === 'append') return [...before, ...missingOf(before, source)]
  const byKey = new Map(before.map(row => [keyOf(model, row), row]))
  for (const row of source) {
    const key = keyOf(model, row)
    const isOlder = String(row[CHANGED_AT] ?? '') < String(byKey.get(key)?.[CHANGED_AT] ?? '')
    if (isOlder) continue
    if (model.deletes !== undefined && row[model.deletes]) byKey.delete(key)
    else byKey.set(key, row)
  }
  return [...byKey.values()]
}

/** Rows that the source holds more often than the table. */
function missingOf(table: readonly SourceRow[], source: readonly SourceRow[]): readonly SourceRow[] {
  const open = Map.groupBy(source, row => JSON.stringify(row))
  for (const row of table) open.get(JSON.stringify(row))?.pop()
  return [...open.values()].flat()
}

/** How many rows a transfer inserted, updated or removed: each key once, in append each row. */
export function changeCount(
  model: ChinookModel,
  before: readonly SourceRow[],
  after: readonly SourceRow[],
): number {
  if (model.writeMode === 'append') return after.length - before.length
  const old = new Map(before.map(row => [keyOf(model, row), JSON.stringify(row)]))
  const present = new Map(after.map(row => [keyOf(model, row), JSON.stringify(row)]))
  return [...new Set([...old.keys(), ...present.keys()])].filter(key => old.get(key) !== present.get(key))
    .length
}

/** How many rows of a table are as they were before. */
export function unchangedCount(before: readonly SourceRow[], after: readonly SourceRow[]): number {
  return after.length - missingOf(before, after).length
}
