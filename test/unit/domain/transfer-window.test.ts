import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type CursorWindow,
  cursorWindow,
  leavesLookbackAlone,
  leavesRowsAhead,
  transferWindowSchema,
  watermarkAfterWindow,
} from '../../../src/domain/transfer-window.ts'
import { laterWatermark, type Watermark, windowStart } from '../../../src/domain/watermark.ts'

it.each([
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000000Z'],
  ['2026-01-31t12:00:00.1z', '2026-01-31T12:00:00.100000Z'],
  ['2026-01-01T00:30:00.000001+01:00', '2025-12-31T23:30:00.000001Z'],
  ['2026-01-31T12:00:00-05:30', '2026-01-31T17:30:00.000000Z'],
  ['2026-01-31T12:00:00.1234567Z', undefined],
  ['2026-01-31T12:00:00', undefined],
  ['2026-02-30T12:00:00Z', undefined],
  ['2026-01-31T24:00:00Z', undefined],
  ['2026-01-31', undefined],
  ['0001-01-01T00:00:00+01:00', undefined],
  ['9999-12-31T23:30:00-01:00', undefined],
])('the moment %s is %s', (text, expected) => {
  const outcome = transferWindowSchema.shape.from.safeParse(text)

  expect(outcome.data).toBe(expected)
  if (expected === undefined) expect(outcome.error?.message).toContain(text)
})

it('a window must begin before it ends, in whatever offset its bounds are written', () => {
  const [noon, same] = ['2026-01-31T12:00:00Z', '2026-01-31T13:00:00+01:00']

  expect(transferWindowSchema.safeParse({ from: noon, to: same }).success).toBe(false)
  expect(transferWindowSchema.safeParse({ from: noon, to: '2026-01-31T12:00:00.000001Z' }).success).toBe(true)
})

it('a date lies in a window when the day begins in it', () => {
  const window = { from: '2026-01-01T00:00:00.000000Z', to: '2026-01-02T00:00:00.000001Z' }

  expect(cursorWindow(window, { kind: 'date' })).toEqual({ from: '2026-01-01', to: '2026-01-03' })
  expect(cursorWindow(window, { kind: 'bigint' })).toBeUndefined()
})

/** A row of a source: its cursor, in minutes. */
type Minute = number

/** What happens to a source and its table: rows arrive, late ones too, and transfers read them. */
type Event =
  | { readonly kind: 'arrive'; readonly minute: Minute }
  | { readonly kind: 'transfer' }
  | { readonly kind: 'window'; readonly from: Minute; readonly length: number }

/** Each event a minute after the one before; rows are up to 15 minutes late, windows begin about the present. */
const history = fc.record({
  lookbackMinutes: fc.constantFrom(0, 3, 10),
  events: fc
    .array(
      fc.tuple(
        fc.constantFrom('arrive' as const, 'arrive' as const, 'transfer' as const, 'window' as const),
        fc.integer({ min: -15, max: 5 }),
        fc.integer({ min: 1, max: 30 }),
      ),
      { maxLength: 40 },
    )
    .map(events =>
      events.map(([kind, shift, length], index): Event => {
        const at = 30 + index + shift
        if (kind === 'transfer') return { kind }
        return kind === 'arrive' ? { kind, minute: at } : { kind, from: at, length }
      }),
    ),
})

const TYPE = { kind: 'timestamp' } as const

function text(at: Minute): string {
  return new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString().replace('Z', '000Z')
}

/** A model of loading: rows by number, so that a late row of an equal cursor is another row. */
function play(lookbackMinutes: number) {
  const source: Minute[] = []
  const loaded = new Set<number>()
  const lookbackMs = lookbackMinutes * 60_000
  let watermark: Watermark | undefined
  const inside = (from: string | undefined, to?: string): number[] =>
    source.flatMap((at, row) =>
      (from === undefined || text(at) >= from) && (to === undefined || text(at) < to) ? [row] : [],
    )
  const load = (rows: readonly number[]): Watermark | undefined => {
    for (const row of rows) loaded.add(row)
    return rows.length === 0 ? undefined : text(Math.max(...rows.map(row => source[row] ?? 0)))
  }
  const nextRead = (): readonly number[] =>
    inside(watermark === undefined ? undefined : windowStart(watermark, TYPE, lookbackMs))
  return {
    watermark: () => watermark,
    nextRead,
    isLoaded: (row: number) => loaded.has(row),
    lastLoaded: () => load([...loaded]),
    arrive: (at: Minute) => void source.push(at),
    transfer: () => {
      watermark = laterWatermark(watermark, load(nextRead()), TYPE)
    },
    window: (window: CursorWindow) => {
      const before = { before: watermark, window, type: TYPE, lookbackMs }
      watermark = watermarkAfterWindow(before, load(inside(window.from, window.to)))
      return before
    },
  }
}

it('no history of windows moves the watermark back, or past a row that the next transfer would have read', () => {
  fc.assert(
    fc.property(history, ({ lookbackMinutes, events }) => {
      const model = play(lookbackMinutes)
      for (const event of events) {
        if (event.kind === 'arrive') model.arrive(event.minute)
        if (event.kind === 'transfer') model.transfer()
        if (event.kind !== 'window') continue
        const [before, awaited] = [model.watermark(), model.nextRead()]
        model.window({ from: text(event.from), to: text(event.from + event.length) })
        const [after, next] = [model.watermark(), new Set(model.nextRead())]

        expect(laterWatermark(before, after, TYPE)).toBe(after)
        expect(awaited.filter(row => !model.isLoaded(row) && !next.has(row))).toEqual([])
      }
    }),
    { numRuns: 2_000 },
  )
})

it('a window below the watermark leaves it alone, one that begins above it too', () => {
  const load = { before: text(30), type: TYPE, lookbackMs: 60_000 }

  expect(watermarkAfterWindow({ ...load, window: { from: text(0), to: text(10) } }, text(9))).toBe(text(30))
  expect(watermarkAfterWindow({ ...load, window: { from: text(40), to: text(50) } }, text(49))).toBe(text(30))
  expect(
    watermarkAfterWindow({ ...load, before: undefined, window: { from: text(0), to: text(50) } }, text(49)),
  ).toBe(undefined)
})

it('a window over the whole lookback moves the watermark to its largest loaded cursor', () => {
  const load = { before: text(30), window: { from: text(29), to: text(50) }, type: TYPE, lookbackMs: 60_000 }

  expect(watermarkAfterWindow(load, text(45))).toBe(text(45))
  expect(watermarkAfterWindow(load, undefined)).toBe(text(30))
  expect(watermarkAfterWindow({ ...load, window: { ...load.window, from: text(30) } }, text(45))).toBe(
    text(30),
  )
})

it('where no window leaves rows ahead, the largest loaded cursor is the watermark', () => {
  fc.assert(
    fc.property(history, ({ lookbackMinutes, events }) => {
      const model = play(lookbackMinutes)
      let isAhead = false
      for (const event of events) {
        if (event.kind === 'arrive') model.arrive(event.minute)
        if (event.kind === 'transfer') model.transfer()
        if (event.kind === 'window') {
          const load = model.window({ from: text(event.from), to: text(event.from + event.length) })
          isAhead ||= leavesRowsAhead(load)
        }
        if (!isAhead) expect(model.lastLoaded()).toBe(model.watermark())
      }
    }),
    { numRuns: 2_000 },
  )
})

it('leaves what is known of the lookback alone only when it reads none of it', () => {
  const load = { before: text(30), type: TYPE, lookbackMs: 600_000 }
  const start = windowStart(load.before, TYPE, load.lookbackMs)

  expect(leavesLookbackAlone({ ...load, window: { from: text(0), to: start } })).toBe(true)
  expect(leavesLookbackAlone({ ...load, window: { from: text(0), to: text(21) } })).toBe(false)
})
