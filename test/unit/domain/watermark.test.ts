import fc from 'fast-check'
import { expect, it } from 'vitest'
import { laterWatermark, parseWatermark, spanMs, windowStart } from '../../../src/domain/watermark.ts'

it('begins at the start of the span of seconds in which the lookback begins', () => {
  expect(windowStart('2026-03-01T00:04:01.000123Z', { kind: 'timestamp' }, 300_000)).toBe(
    '2026-02-28T23:59:00.000000Z',
  )
})

it('never begins after the lookback, nor much before it', () => {
  const micros = fc.bigInt({ min: -62_135_500_000_000_000n, max: 253_402_300_799_999_999n })
  fc.assert(
    fc.property(micros, fc.nat({ max: 30 * 86_400_000 }), (watermark, lookbackMs) => {
      const text = `${new Date(Number(watermark / 1000n)).toISOString().slice(0, 20)}000000Z`
      const startMs = Date.parse(windowStart(text, { kind: 'timestamp' }, lookbackMs))
      const lookbackStartMs = Math.max(Date.parse(text) - lookbackMs, Date.parse('0001-01-01T00:00:00Z'))
      expect(startMs).toBeLessThanOrEqual(lookbackStartMs)
      expect(startMs).toBeGreaterThan(lookbackStartMs - spanMs(lookbackMs))
    }),
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

it.each([
  ['2026-01-31T12:00:00Z', 'timestamp', '2026-01-31T12:00:00.000000Z'],
  ['0001-01-01T00:00:00.000001Z', 'timestamp', '0001-01-01T00:00:00.000001Z'],
  ['2026-02-29T12:00:00Z', 'timestamp', undefined],
  ['2026-01-31T24:00:00Z', 'timestamp', undefined],
  ['2026-01-31T12:00:00+01:00', 'timestamp', undefined],
  ['2024-02-29', 'date', '2024-02-29'],
  ['0000-01-01', 'date', undefined],
  ['-42', 'bigint', '-42'],
  ['042', 'bigint', undefined],
] as const)('a person may write the watermark %s of a %s as %s', (text, kind, watermark) => {
  expect(parseWatermark(text, { kind })).toBe(watermark)
})
