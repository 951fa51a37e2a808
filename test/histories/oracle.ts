/**
 * What the customer's table must hold, by a plain reading of the README's tables of write modes and of changes of a model.
 * It shares no code with the product.
 */
import { CHANGING, FIXED, type Shape, type SourceRow, timeText } from './shape.ts'

type Value = string | number | boolean | null
type Values = Readonly<Record<string, Value>>

/** A row as it was read: its values in the table's types, and what it holds in the source, NULL being as good as nothing. */
interface ReadRow {
  readonly values: Values
  readonly content: string
}

/** A row of the table; `content` only where it came by a mode that tells rows apart by it. */
interface TableRow {
  readonly values: Values
  readonly content: string | undefined
}

/** What the oracle knows of a table. */
interface Table {
  readonly rows: readonly TableRow[]
  readonly columns: ReadonlyMap<string, { readonly type: string; readonly comment: string }>
  /** Columns that loads have ever filled, and those that the last one did. */
  readonly filled: ReadonlySet<string>
  readonly filledLast: ReadonlySet<string>
  readonly meeting: string
}

/** The column that the customer adds himself. */
export const OWN_COLUMN = 'mine'

/** A table that follows the rules. */
export function createOracle() {
  let table: Table | undefined
  let watermark: number | undefined
  let isLost = false
  let known: string | undefined
  return {
    /** Glue's columns without ours, each as name, type and comment. */
    columns: () =>
      [...(table?.columns ?? [])].map(([name, { type, comment }]) => `${name} ${type} ${comment}`),
    columnNames: () => [...(table?.columns.keys() ?? [])],
    rows: () => (table?.rows ?? []).map(({ values }) => printed(values, table)),
    hasTable: () => table !== undefined,
    /** What was remembered between transfers is lost. */
    forget(): void {
      isLost = true
      watermark = undefined
      known = undefined
    },
    dropTable(): void {
      table = undefined
    },
    addOwnColumn(id: number): void {
      if (!table) return
      const columns = new Map(table.columns).set(OWN_COLUMN, { type: 'string', comment: '' })
      const rows = table.rows.map(row =>
        row.values.id === id ? { ...row, values: { ...row.values, [OWN_COLUMN]: 'kept' } } : row,
      )
      table = { ...table, columns, rows }
    },
    /** Whether the transfer succeeds; one that reads too many rows that do not fit changes nothing. */
    transfer(source: readonly SourceRow[], shape: Shape, isFull: boolean): boolean {
      const columns = columnsAfter(table, shape)
      const names = new Set<string>([...Object.keys(FIXED), ...shape.columns.map(({ name }) => name)])
      const meeting = JSON.stringify([shape.writeMode, shape.key])
      const isReplaced = isFull || shape.writeMode === 'overwrite' || (table && table.meeting !== meeting)
      const isFilling = shape.backfills && [...names].some(name => !table?.filledLast.has(name))
      const isWhole = !table || isReplaced || isFilling || !shape.hasCursor
      // What was lost is seen in the table, by a transfer that needs to know.
      const recovered = isWhole ? undefined : latest((table?.rows ?? []).map(({ values }) => values))
      const before = isLost ? recovered : watermark
      const read = readRows(source, isWhole ? undefined : before, shape, columns)
      const batch = read.filter(row => row !== undefined)
      if (read.length - batch.length > shape.maxRejected) return false
      isLost = false
      const filled = new Set([...(table?.filled ?? []), ...names])
      const context = { shape, names, cleared: [...filled].filter(name => !names.has(name)) }
      const present = table?.rows ?? []
      const isKnown = !isWhole && known === contentOf(batch, shape, columns)
      const rows = isKnown
        ? present
        : isReplaced
          ? replaced(present, batch, context)
          : met(present, batch, context)
      const largest = latest(batch.map(({ values }) => values))
      // What was read whole and holds no cursor tells none, so the next transfer reads all again.
      const isTold = shape.hasCursor && shape.writeMode !== 'overwrite' && !(isWhole && largest === undefined)
      watermark = isTold ? latest([{ at: largest ?? null }, { at: before ?? null }]) : undefined
      const again = readRows(source, watermark, shape, columns).filter(row => row !== undefined)
      known = contentOf(again, shape, columns)
      table = { rows, columns, filled, filledLast: names, meeting }
      return true
    },
  }
}

interface Context {
  readonly shape: Shape
  /** The model's columns, and those that it had once. */
  readonly names: ReadonlySet<string>
  readonly cleared: readonly string[]
}

/** Columns are added and widened, never taken away or narrowed. */
function columnsAfter(table: Table | undefined, { columns }: Shape): Table['columns'] {
  const after = new Map(
    table?.columns ?? Object.entries(FIXED).map(([name, type]) => [name, { type, comment: '' }]),
  )
  for (const { name, isWide, description } of columns) {
    const { narrow, wide } = CHANGING[name]
    const before = after.get(name)
    const type = isWide || before?.type === glueType(wide) ? glueType(wide) : glueType(narrow)
    after.set(name, { type, comment: description ?? before?.comment ?? '' })
  }
  return after
}

function glueType(type: string): string {
  return type === 'integer' ? 'int' : type
}

/** The row's values in the types of the table; undefined when one does not fit. */
function readRow(row: SourceRow, { columns }: Shape, types: Table['columns']): ReadRow | undefined {
  const { id, part, deleted, at } = row
  const values: Record<string, Value> = { id, part, deleted, at }
  for (const { name } of columns) {
    const value = row[name]
    const type = types.get(name)?.type
    if (type === 'int' && Number(value) >= 2 ** 31) return undefined
    if (type === 'decimal(5,2)' && Number(value) >= 1000) return undefined
    values[name] = type === 'float' && value !== null ? Math.fround(Number(value)) : value
  }
  const source = Object.keys(values).map(name => [name, Reflect.get(row, name)])
  return { values, content: JSON.stringify(source.filter(([, value]) => value !== null).toSorted()) }
}

/** The rows that a transfer reads, all without a watermark: what was passed is not looked at. */
function readRows(
  source: readonly SourceRow[],
  watermark: number | undefined,
  shape: Shape,
  types: Table['columns'],
): readonly (ReadRow | undefined)[] {
  const from = watermark === undefined ? undefined : Math.floor(watermark / 1e6 - shape.lookbackSeconds) * 1e6
  const rows = from === undefined ? source : source.filter(({ at }) => at === null || at >= from)
  return rows.map(row => readRow(row, shape, types))
}

/** Of a model's rows, in no order. A transfer that reads just what the last one would have read again has nothing to do. */
function contentOf(rows: readonly ReadRow[], shape: Shape, types: Table['columns']): string {
  const { writeMode, key, columns } = shape
  const typed = columns.map(({ name }) => [name, types.get(name)?.type])
  return JSON.stringify([writeMode, key, typed, rows.map(({ content }) => content).toSorted()])
}

function latest(rows: readonly Values[]): number | undefined {
  const times = rows.flatMap(({ at }) => (at == null ? [] : [Number(at)]))
  return times.length === 0 ? undefined : Math.max(...times)
}

function met(rows: readonly TableRow[], batch: readonly ReadRow[], context: Context): readonly TableRow[] {
  return context.shape.writeMode === 'append' ? appended(rows, batch) : merged(rows, batch, context)
}

/** Each row as often as the source was ever seen to hold it. */
function appended(rows: readonly TableRow[], batch: readonly ReadRow[]): readonly TableRow[] {
  const missing = Map.groupBy(batch, ({ content }) => content)
  for (const { content } of rows) missing.get(content ?? '')?.pop()
  return [...rows, ...[...missing.values()].flat()]
}

function merged(rows: readonly TableRow[], batch: readonly ReadRow[], context: Context): readonly TableRow[] {
  const { shape } = context
  const table = new Map(rows.map(row => [keyOf(row.values, shape), row]))
  for (const [key, { values }] of newest(batch, shape)) {
    const present = table.get(key)
    const isOlder = shape.hasCursor && present && order(values, present.values) < 0
    if (isOlder) continue
    if (shape.deletes === 'hard' && values.deleted) table.delete(key)
    else table.set(key, present ? updated(present, values, context) : { values, content: undefined })
  }
  return [...table.values()]
}

/** What the source holds; a row that was there keeps what is not the model's. Several of one key are none of them that row. */
function replaced(
  rows: readonly TableRow[],
  batch: readonly ReadRow[],
  context: Context,
): readonly TableRow[] {
  const { shape } = context
  const isByKey = shape.key.length > 0 && shape.writeMode !== 'append'
  const wanted = isByKey ? [...newest(batch, shape).values()] : batch
  const tell = isByKey ? (row: TableRow) => keyOf(row.values, shape) : (row: TableRow) => row.content
  const present = Map.groupBy(rows, tell)
  return wanted
    .filter(({ values }) => !(shape.deletes === 'hard' && values.deleted))
    .map(read => {
      const same = present.get(tell(read)) ?? []
      const row = isByKey && same.length > 1 ? undefined : same.shift()
      return row
        ? updated(row, read.values, context)
        : { ...read, content: isByKey ? undefined : read.content }
    })
}

/** A row that does not change keeps the values of columns that the model has no more. */
function updated(row: TableRow, values: Values, { names, cleared }: Context): TableRow {
  const isSame = [...names].every(name => (row.values[name] ?? null) === (values[name] ?? null))
  const none = Object.fromEntries(cleared.map(name => [name, null]))
  return isSame ? row : { ...row, values: { ...row.values, ...values, ...none } }
}

/** The row of each key with the latest cursor; of equal ones the later in the source's order. */
function newest(batch: readonly ReadRow[], shape: Shape): ReadonlyMap<string, ReadRow> {
  const found = new Map<string, ReadRow>()
  for (const row of batch) {
    const key = keyOf(row.values, shape)
    const other = found.get(key)
    if (!other || !shape.hasCursor || order(row.values, other.values) >= 0) found.set(key, row)
  }
  return found
}

function keyOf(values: Values, { key }: Shape): string {
  return JSON.stringify(key.map(name => values[name]))
}

/** No time is before any. */
function order({ at: left }: Values, { at: right }: Values): number {
  return (left ?? -Infinity) === (right ?? -Infinity)
    ? 0
    : Number(left ?? -Infinity) - Number(right ?? -Infinity)
}

/** The row as Athena gives it, in the order of the table's columns. */
function printed(values: Values, table: Table | undefined): readonly (string | null)[] {
  return [...(table?.columns ?? [])].map(([name, { type }]) => {
    const value = values[name] ?? null
    if (value === null) return null
    if (type === 'timestamp') return timeText(Number(value))
    if (type.startsWith('decimal')) return Number(value).toFixed(2)
    return type === 'float' ? String(Number(Number(value).toPrecision(7))) : String(value)
  })
}
