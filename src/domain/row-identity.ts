import type { Column, Model } from './model.ts'

/** How two rows are told to be the same one: by the primary key, or by everything they hold. */
export type RowIdentity = 'key' | 'content'

/** Append keeps every version of a row, so its rows are told apart by content, as are those of models without a key. */
export function identityOf(model: Pick<Model, 'writeMode' | 'primaryKey'>): RowIdentity {
  return model.writeMode === 'append' || model.primaryKey.length === 0 ? 'content' : 'key'
}

/** The write mode and the key as one text: when it changes, what the table holds says nothing of what it should. */
export function meetingOf({ writeMode, primaryKey }: Pick<Model, 'writeMode' | 'primaryKey'>): string {
  return JSON.stringify([writeMode, primaryKey])
}

/**
 * Column of targets whose rows are told apart by content: the hash of the row's values and, behind a dash, which one of
 * the equal rows of the source it is. Columns that are NULL leave no trace in it, so an added column changes no identity.
 */
export const ROW_ID_COLUMN = '_transfer_row_id'

/** Staging-only column: the row's place in the source's order, so that of two equal cursors the later row wins. */
export const ROW_COLUMN = '_transfer_row'

/** Staging-only column of models whose rows are told apart by content: the hash of what the row holds. */
export const HASH_COLUMN = '_transfer_row_hash'

/** The target's columns: the model's, and the row's identity where the key is not one. */
export function targetColumnsOf(model: Model): readonly Column[] {
  return identityOf(model) === 'key' ? model.columns : [...model.columns, ROW_ID]
}

const ROW_ID: Column = { name: ROW_ID_COLUMN, tableName: ROW_ID_COLUMN, type: { kind: 'string' } }

/**
 * Columns whose staged range bounds what a load reads of the target: those that are the same in a staged row and in the
 * row that it meets. That is the key and immutable columns, for append the cursor too, and never the cursor otherwise.
 */
export function boundColumnsOf(model: Model): readonly Column[] {
  const names = new Set(
    identityOf(model) === 'key'
      ? [...model.primaryKey, ...model.immutable]
      : [...model.immutable, ...(model.cursor === undefined ? [] : [model.cursor])],
  )
  return model.columns.filter(column => names.has(column.name))
}

/** The model's last-modified column; undefined for a model without one. */
export function cursorOf(model: Model): Column | undefined {
  return model.columns.find(column => column.name === model.cursor)
}

/** The cursor by which a model is read in windows; undefined when every transfer reads all of it. */
export function windowCursorOf(model: Model): Column | undefined {
  return model.writeMode === 'overwrite' ? undefined : cursorOf(model)
}
