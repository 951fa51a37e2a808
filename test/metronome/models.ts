import { z } from 'zod'

/** One column: its name and the product's type for it. */
export interface MetronomeColumn {
  readonly name: string
  readonly type: string
}

/** One of Metronome's tables, as a model of the product. */
export interface MetronomeModel {
  readonly name: string
  readonly writeMode: 'merge' | 'append' | 'overwrite'
  readonly key: string
  readonly cursor: string
  readonly columns: readonly MetronomeColumn[]
}

/** Types that Metronome's reference spells as no type is; what is meant is said in the report. */
export const MISSPELT: Readonly<Record<string, string>> = { timestmap: 'timestamp' }

const tablesSchema = z.record(z.string(), z.object({ columns: z.array(z.tuple([z.string(), z.string()])) }))

/**
 * The tables as models, by three rules: the row's own id is the key, when it was changed the cursor, and its modes are
 * those of what it holds — events are only ever added, drafts are made anew each time, all else changes by key.
 */
export function modelsOf(tables: unknown): readonly MetronomeModel[] {
  return Object.entries(tablesSchema.parse(tables)).map(([name, { columns }]) => ({
    name,
    writeMode: writeModeOf(name),
    key: firstOf(columns, ['_metronome_metadata_id', 'id']),
    cursor: firstOf(columns, ['updated_at', 'created_at']),
    columns: columns.map(([column, type]) => ({ name: column, type: MISSPELT[type] ?? type })),
  }))
}

function writeModeOf(table: string): MetronomeModel['writeMode'] {
  if (table === 'events') return 'append'
  return table.startsWith('draft_') ? 'overwrite' : 'merge'
}

function firstOf(columns: readonly (readonly [string, string])[], names: readonly string[]): string {
  const found = names.find(name => columns.some(([column]) => column === name))
  if (found === undefined) throw new Error(`none of the columns ${names.join(', ')}`)
  return found
}

/** The model file. */
export function definitionOf({ name, writeMode, key, cursor, columns }: MetronomeModel): object {
  return {
    files: { path: `${name}.ndjson` },
    writeMode,
    primaryKey: [key],
    cursor,
    columns,
  }
}
