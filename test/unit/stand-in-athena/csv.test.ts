import fc from 'fast-check'
import { expect, it } from 'vitest'
import { csvLine, readCsvRows } from '../../../src/stand-in/athena/api/csv.ts'

const rows = fc
  .integer({ min: 1, max: 5 })
  .chain(width =>
    fc.array(fc.array(fc.option(fc.string({ unit: 'grapheme' })), { minLength: width, maxLength: width })),
  )

it('reads back every value, NULL and the empty text apart', () => {
  fc.assert(
    fc.property(rows, given => {
      const bytes = Buffer.from(given.map(csvLine).join(''))

      const read = [...readCsvRows(bytes)]

      expect(read.map(one => one.row)).toEqual(given)
      expect(read.at(-1)?.endsAt ?? 0).toBe(bytes.length)
    }),
  )
})

it('quotes every value and leaves NULL empty', () => {
  expect(csvLine(['a"b', null, ''])).toBe('"a""b",,""\n')
})
