import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBound, encodeBound, isAfter, parseBound } from '../../../src/stand-in/athena/iceberg/bounds.ts'
import type { SqlType } from '../../../src/stand-in/athena/types/sql-type.ts'

function reencoded(text: string, type: SqlType): unknown {
  const bound = parseBound(text, type)
  const bytes = bound === undefined ? undefined : encodeBound(bound, type, 'lower')
  return bytes && decodeBound(bytes, type)
}

describe('bounds of a column', () => {
  it('keep every bigint', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
        expect(reencoded(String(value), { kind: 'bigint' })).toBe(value)
      }),
    )
  })

  it('keep every decimal of 38 digits', () => {
    const type: SqlType = { kind: 'decimal', precision: 38, scale: 0 }
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }), value => {
        expect(reencoded(String(value), type)).toBe(value)
      }),
    )
  })

  it.each([
    ['0001-01-01', -719162n],
    ['1970-01-01', 0n],
    ['9999-12-31', 2932896n],
  ])('count the day %s from 1970', (text, days) => {
    expect(reencoded(text, { kind: 'date' })).toBe(days)
  })

  it('count microseconds of years before 100 and before 1970', () => {
    const type: SqlType = { kind: 'timestamp', precision: 6 }

    expect(parseBound('0001-01-01 00:00:00.000001', type)).toBe(-62135596799999999n)
    expect(parseBound('1969-12-31 23:59:59.999999', type)).toBe(-1n)
  })

  it('of texts lie around every text, however long', () => {
    const type: SqlType = { kind: 'varchar' }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), text => {
        const bytes = Buffer.from(text)
        const lower = encodeBound(bytes, type, 'lower')
        const upper = encodeBound(bytes, type, 'upper')

        expect(lower && isAfter(lower, bytes)).toBe(false)
        expect(upper === undefined || !isAfter(bytes, upper)).toBe(true)
      }),
    )
  })
})
