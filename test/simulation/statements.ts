/** What a statement of the product's does, as far as a run imitates it. */
export type Meaning =
  | { readonly kind: 'create' }
  | { readonly kind: 'watermark' }
  | {
      readonly kind: 'load'
      readonly staging: string
      readonly how: 'merge' | 'append' | 'overwrite' | 'insert'
      /** An older row does not replace a newer one. */
      readonly isGuarded: boolean
      readonly deletes: boolean
    }

/**
 * Reads a statement by its outline. That statements of such outlines do what is imitated is proved elsewhere, by running
 * them; an outline that is not known stops the run.
 */
export function meaningOf(sql: string): Meaning {
  if (sql.startsWith('CREATE TABLE IF NOT EXISTS')) return { kind: 'create' }
  if (sql.startsWith('SELECT CAST(max(')) return { kind: 'watermark' }
  const staging = /"(_transfer_staging_[0-9a-z_]+)"/.exec(sql)?.[1]
  if (staging === undefined) throw new Error(`a statement that no run imitates: ${sql.slice(0, 100)}`)
  const isGuarded = sql.includes('s."at" >= t."at"')
  const deletes = sql.includes('THEN DELETE')
  return { kind: 'load', staging, how: howOf(sql), isGuarded, deletes }
}

function howOf(sql: string): 'merge' | 'append' | 'overwrite' | 'insert' {
  if (sql.startsWith('INSERT INTO')) return 'insert'
  if (sql.includes('FULL OUTER JOIN')) return 'overwrite'
  return sql.includes('THEN UPDATE') ? 'merge' : 'append'
}
