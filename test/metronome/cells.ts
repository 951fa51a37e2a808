import fc from 'fast-check'
import { BORDER_VALUES } from '../types/border-values.ts'

/** A value as a row of NDJSON spells it, and as Athena shows it; `null` is NULL. */
export interface Cell {
  readonly json: string
  readonly text: string | null
}

const NULL: Cell = { json: 'null', text: null }

/** What a declared type is called in the table of border values. */
const BORDER_TYPES: Readonly<Record<string, string>> = { decimal: 'decimal(38,9)' }

const quoted = (text: string): Cell => ({ json: JSON.stringify(text), text })

/** Ordinary values of each type, with all digits that it has. */
const ORDINARY: Readonly<Record<string, fc.Arbitrary<Cell>>> = {
  string: fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' })).map(quoted),
  boolean: fc.boolean().map(value => ({ json: String(value), text: String(value) })),
  integer: fc.integer().map(value => ({ json: String(value), text: String(value) })),
  // Quarters, which 32 bits hold exactly and every language spells alike.
  float: fc
    .integer({ min: 1, max: 2 ** 20 })
    .map(quarters => ({ json: String(quarters / 4), text: (quarters / 4).toFixed(2).replace(/0$/, '') })),
  decimal: fc
    .tuple(fc.constantFrom('', '-'), fc.bigInt({ min: 1n, max: 10n ** 38n - 1n }))
    .map(([sign, units]) => {
      const digits = String(units).padStart(10, '0')
      const text = `${sign}${digits.slice(0, -9)}.${digits.slice(-9)}`
      return { json: text, text }
    }),
  timestamp: fc
    .tuple(
      fc.date({
        min: new Date('0001-01-01T00:00:00Z'),
        noInvalidDate: true,
        max: new Date('9999-12-31T23:59:59Z'),
      }),
      fc.nat(999),
    )
    .map(([date, micros]) => moment(date.getTime(), micros)),
  json: fc
    .oneof(
      fc.array(fc.jsonValue({ stringUnit: 'grapheme' })),
      fc.dictionary(fc.string(), fc.jsonValue({ stringUnit: 'grapheme' })),
    )
    .chain(value => {
      const texts = [JSON.stringify(value), JSON.stringify(value, null, 1).replaceAll('\n', ' ')]
      return fc.constantFrom(...texts.flatMap(text => [{ json: text, text }, quoted(text)]))
    }),
}

/** A timestamp of so many milliseconds and microseconds since the epoch. */
export function moment(ms: number, micros: number): Cell {
  const text = `${new Date(ms).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}`
  return { json: `"${text}Z"`, text: text.replace('T', ' ') }
}

/** Values of a type: half ordinary ones, the others at its borders or NULL. */
export function cells(type: string): fc.Arbitrary<Cell> {
  const ordinary = ORDINARY[type]
  if (!ordinary) throw new Error(`no values of type "${type}"`)
  const borders = BORDER_VALUES.flatMap(value =>
    value.type === (BORDER_TYPES[type] ?? type) && value.ndjson !== undefined
      ? [{ json: value.ndjson, text: value.athena }]
      : [],
  )
  return fc.oneof(
    { weight: 6, arbitrary: ordinary },
    { weight: 3, arbitrary: fc.constantFrom(...borders) },
    { weight: 1, arbitrary: fc.constant(NULL) },
  )
}
