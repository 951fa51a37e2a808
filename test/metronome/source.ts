import fc from 'fast-check'
import { type Cell, cells, moment } from './cells.ts'
import type { MetronomeModel } from './models.ts'

/** One row of a source: the value of each column, in the model's order. */
export interface SourceRow {
  readonly key: string
  /** Microseconds since the first round began; `-Infinity` for a row whose cursor is NULL. */
  readonly at: number
  readonly cells: readonly Cell[]
}

/** When the first round of changes begins; each round is later than the one before. */
const FIRST_ROUND_MS = Date.UTC(2026, 0, 1)
const ROUND_MS = 30 * 86_400_000

/** How rows are made: the same seed makes the same rows. */
export interface Rounds {
  readonly seed: number
  readonly rowCount: number
}

/** Rows at first: each key once, one in fifty a second time with another cursor, one in two hundred without a cursor. */
export function firstRows(model: MetronomeModel, { seed, rowCount }: Rounds): readonly SourceRow[] {
  const keys = Array.from({ length: rowCount }, (_, index) =>
    index % 50 === 49 ? keyOf(index - 7) : keyOf(index),
  )
  return rowsOf(model, keys, { seed, round: 0 })
}

/** One row in ten changed, one in twenty gone, one in twenty new. */
export function changedRows(
  model: MetronomeModel,
  rows: readonly SourceRow[],
  { seed, rowCount }: Rounds,
): readonly SourceRow[] {
  const stay = rows.filter((_, index) => index % 20 !== 3)
  const places = stay.flatMap((_, index) => (index % 10 === 5 ? [index] : []))
  const newKeys = Array.from({ length: rowCount / 20 }, (_, index) => keyOf(rowCount + index))
  const changedKeys = places.map(place => stay[place]?.key ?? '')
  const made = rowsOf(model, [...changedKeys, ...newKeys], { seed, round: 1 })
  const changed = new Map(places.map((place, index) => [place, made[index]]))
  return [...stay.map((row, index) => changed.get(index) ?? row), ...made.slice(places.length)]
}

/** A row as a line of NDJSON. */
export function lineOf(model: MetronomeModel, row: SourceRow): string {
  const members = model.columns.map(({ name }, index) => `${JSON.stringify(name)}:${row.cells[index]?.json}`)
  return `{${members.join(',')}}\n`
}

function keyOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
}

function rowsOf(
  model: MetronomeModel,
  keys: readonly string[],
  { seed, round }: { readonly seed: number; readonly round: number },
): readonly SourceRow[] {
  const sample = <Value>(values: fc.Arbitrary<Value>, place: number): readonly Value[] =>
    fc.sample(values, { seed: seed + round * 1000 + place, numRuns: keys.length })
  const times = sample(fc.tuple(fc.nat(ROUND_MS - 1), fc.nat(999)), 999)
  const columns = model.columns.map(({ type }, place) => sample(cells(type), place))
  return keys.map((key, index) => {
    const [ms = 0, micros = 0] = times[index] ?? []
    const isTimeless = round === 0 && index % 200 === 101
    const cursor = isTimeless
      ? { json: 'null', text: null }
      : moment(FIRST_ROUND_MS + round * ROUND_MS + ms, micros)
    return {
      key,
      at: isTimeless ? Number.NEGATIVE_INFINITY : (round * ROUND_MS + ms) * 1000 + micros,
      cells: model.columns.map(({ name }, column) => {
        if (name === model.key) return { json: JSON.stringify(key), text: key }
        return name === model.cursor ? cursor : (columns[column]?.[index] ?? { json: 'null', text: null })
      }),
    }
  })
}
