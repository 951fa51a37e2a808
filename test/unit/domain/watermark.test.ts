import fc from 'fast-check'
import { expect, it } from 'vitest'
import { laterWatermark, windowStart } from '../../../src/domain/watermark.ts'

it('keeps microseconds when the lookback is taken off', () => {
  expect(windowStart('2026-03-01T00:04:00.000123Z', { kind: 'timestamp' }, 300_000)).toBe(
    '2026-02-28T23:59:00.000123Z',
  )
})

it('does not look back before year 1', () => {
  expect(windowStart('0001-01-01T00:00:01.000000Z', { kind: 'timestamp' }, 300_000)).toBe(
    '0001-01-01T00:00:00.000000Z',
  )
})

it('looks back whole days on a date', () => {
  expect(windowStart('2026-03-01', { kind: 'date' }, 300_000)).toBe('2026-02-28')
})

it('reads the rows of an equal integer cursor again', () => {
  expect(windowStart('42', { kind: 'bigint' }, 300_000)).toBe('42')
})

it('orders integer watermarks as numbers', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt(), (left, right) => {
      const [, later] = [left, right].sort((a, b) => (a < b ? -1 : 1))
      expect(laterWatermark(String(left), String(right), { kind: 'bigint' })).toBe(String(later))
    }),
  )
})
