/** A model of the torture, and how its source may change. */
export interface TortureModel {
  readonly name: string
  /** As in YAML. */
  readonly definition: object
  /** `grows`: rows are added only. `marks`: deleted rows stay, marked. `removes`: they are gone. `keeps`: none is deleted. */
  readonly deletes: 'grows' | 'marks' | 'removes' | 'keeps'
}

const COLUMNS = [
  { name: 'id', type: 'bigint' },
  { name: 'value', type: 'string' },
  { name: 'batch', type: 'bigint' },
  { name: 'gone', type: 'boolean' },
  { name: 'at', type: 'timestamp' },
]

/** Rows of some versions are read again by each transfer, so that an unchanged or late row is met, too. Milliseconds. */
const LOOKBACK_MS = 5_000

const CURSOR = { cursor: 'at', lookbackMs: LOOKBACK_MS }
const KEY = { primaryKey: ['id'] }
const DELETES = { deletes: { column: 'gone' } }

/** Every write mode, with and without a cursor where it makes a difference. Each load of them is one visible step. */
export const TORTURE_MODELS: readonly TortureModel[] = [
  model('merged', 'keeps', { ...KEY, ...CURSOR }),
  model('merged_whole', 'keeps', { ...KEY }),
  model('pruned', 'marks', { ...KEY, ...CURSOR, ...DELETES }),
  model('pruned_whole', 'marks', { ...KEY, ...DELETES }),
  model('appended', 'grows', { ...CURSOR, writeMode: 'append' }),
  model('appended_whole', 'grows', { writeMode: 'append' }),
  model('replaced', 'removes', { ...KEY, writeMode: 'overwrite' }),
  model('replaced_rows', 'removes', { writeMode: 'overwrite' }),
  model('swapped', 'removes', { ...KEY, writeMode: 'overwrite', swapAtBytes: 0 }),
]

function model(name: string, deletes: TortureModel['deletes'], options: object): TortureModel {
  return { name, deletes, definition: { files: { path: `${name}.ndjson` }, columns: COLUMNS, ...options } }
}
