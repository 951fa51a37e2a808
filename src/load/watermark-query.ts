import type { Column } from '../domain/model.ts'
import type { Watermark } from '../domain/watermark.ts'
import { quoteIdentifier } from './quote.ts'
import { qualified } from './staged-rows.ts'

/** The largest value of a cursor in the target, as one text. */
export function watermarkQuery(database: string, table: string, cursor: Column): string {
  const max = `max(${quoteIdentifier(cursor.tableName)})`
  return `SELECT CAST(${max} AS varchar) FROM ${qualified(database, table)}`
}

/** What `watermarkQuery` gave, as a watermark; timestamps come as `YYYY-MM-DD HH:MM:SS.ffffff`. */
export function watermarkOf(text: string | null, cursor: Column): Watermark | undefined {
  if (text === null) return undefined
  return cursor.type.kind === 'timestamp' ? `${text.replace(' ', 'T')}Z` : text
}
