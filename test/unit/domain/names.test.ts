import fc from 'fast-check'
import { expect, it } from 'vitest'
import { foldName, tableNamesOf } from '../../../src/domain/names.ts'

/** Names that often meet after folding, among any others, lone surrogates and very long ones too. */
const sourceName = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'A', 'á', 'ａ', '_', '-', '客'), minLength: 1, maxLength: 3 }),
  fc.string({ unit: fc.constantFrom('x', 'X'), minLength: 250, maxLength: 260 }),
  fc.constantFrom('_transfer_row', '_TRANSFER_row', 'source_transfer_row', '\ud800', '\ud801'),
)

const sourceNames = fc.uniqueArray(sourceName, { minLength: 1, maxLength: 20 })

it('maps any name to [a-z0-9_] of at most 255 bytes with a letter or digit, the same at each call', () => {
  fc.assert(
    fc.property(sourceName, name => {
      const folded = foldName(name)
      expect(folded).toMatch(/^[a-z0-9_]{1,255}$/)
      expect(folded).toMatch(/[a-z0-9]/)
      expect(folded).not.toMatch(/^_transfer_/)
      expect(foldName(name)).toBe(folded)
      expect(foldName(folded)).toBe(folded)
    }),
  )
})

it('gives each name of a model another, in the alphabet and short enough', () => {
  fc.assert(
    fc.property(sourceNames, names => {
      const tableNames = [...tableNamesOf(names).values()]
      expect(new Set(tableNames).size).toBe(names.length)
      for (const name of tableNames) expect(name).toMatch(/^(?!_transfer_)[a-z0-9_]{1,255}$/)
    }),
    { numRuns: 500 },
  )
})

it('names do not depend on the order of the columns', () => {
  fc.assert(
    fc.property(
      sourceNames.chain(names =>
        fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })),
      ),
      ([names, shuffled]) => {
        expect(Object.fromEntries(tableNamesOf(shuffled))).toEqual(Object.fromEntries(tableNamesOf(names)))
      },
    ),
  )
})

it('a name that was loaded keeps its column, and no other name gets it, whatever is added', () => {
  fc.assert(
    fc.property(sourceNames, fc.nat(), (names, at) => {
      const before = tableNamesOf(names.slice(0, at % names.length))
      const after = tableNamesOf(names, before)
      for (const [name, tableName] of before) expect(after.get(name)).toBe(tableName)
      expect(new Set(after.values()).size).toBe(names.length)
    }),
    { numRuns: 500 },
  )
})

it('a name that is spelled as in the table already keeps its column without a record, whatever is added', () => {
  fc.assert(
    fc.property(sourceNames, names => {
      const tableNames = tableNamesOf(names)
      for (const name of names) if (foldName(name) === name) expect(tableNames.get(name)).toBe(name)
    }),
  )
})

it.each([
  ['CustomerId', 'customerid'],
  ['Größe (cm)', 'gro_e__cm_'],
  ['Luís', 'luis'],
  ['2024 total', '2024_total'],
  ['客户', 'u5ba2_u6237'],
  ['***', 'u2a_u2a_u2a'],
  ['_', 'u5f'],
  ['😀', 'u1f600'],
  ['_transfer_row', 'source_transfer_row'],
  ['order', 'order'],
])('%s becomes %s', (name, folded) => {
  expect(foldName(name)).toBe(folded)
})
