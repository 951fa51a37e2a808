import fc from 'fast-check'
import type { Rules, SourceRow, TransferKind, Window } from './oracle.ts'

/** What happens to the source before a transfer. */
type Change =
  | { readonly kind: 'put'; readonly row: SourceRow; readonly place: number }
  | { readonly kind: 'replace'; readonly row: SourceRow; readonly place: number }
  | { readonly kind: 'take'; readonly place: number }
  | { readonly kind: 'shuffle' }

/** Changes of the source, and the transfer that follows them. */
interface Step {
  readonly changes: readonly Change[]
  readonly transfer: TransferKind
}

/** A model's rules, its source from the beginning, and what happens to both. */
export interface History {
  readonly rules: Rules
  readonly steps: readonly Step[]
}

/** The first second of the histories; their lookback is a minute, so that rows fall on both sides of it. */
const FIRST_SECOND = Date.UTC(2026, 0, 1) / 1000
const LOOKBACK_SECONDS = 60

const rulesArbitrary: fc.Arbitrary<Rules> = fc
  .record({
    writeMode: fc.constantFrom('merge' as const, 'append' as const, 'overwrite' as const),
    hasKey: fc.boolean(),
    hasCursor: fc.boolean(),
    deletes: fc.constantFrom('hard' as const, 'soft' as const, 'none' as const),
    lookbackSeconds: fc.constantFrom(0, LOOKBACK_SECONDS),
    isLarge: fc.boolean(),
  })
  .map(rules => ({
    ...rules,
    hasKey: rules.hasKey || rules.writeMode === 'merge',
    deletes: rules.writeMode === 'append' && rules.deletes === 'hard' ? ('soft' as const) : rules.deletes,
  }))

/** Few keys and few names, so that rows meet; times that are equal, late and far apart. */
const rowArbitrary: fc.Arbitrary<SourceRow> = fc.record({
  id: fc.integer({ min: 1, max: 6 }),
  name: fc.constantFrom(null, '', "it's", 'b'),
  deleted: fc.constantFrom(null, false, false, true),
  at: fc.oneof({ weight: 12, arbitrary: timeArbitrary() }, { weight: 1, arbitrary: fc.constant(null) }),
})

function timeArbitrary(): fc.Arbitrary<number> {
  return fc
    .tuple(fc.integer({ min: 0, max: 200 }), fc.constantFrom(0, 0, 1, 999_999))
    .map(([second, micros]) => (FIRST_SECOND + second) * 1e6 + micros)
}

const changeArbitrary: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('put' as const), row: rowArbitrary, place: fc.nat(20) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('replace' as const), row: rowArbitrary, place: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), place: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shuffle' as const) }) },
)

const windowArbitrary: fc.Arbitrary<Window> = fc
  .tuple(timeArbitrary(), fc.integer({ min: 1, max: 120 }))
  .map(([from, seconds]) => ({ from, to: from + seconds * 1_000_000 }))

const transferArbitrary: fc.Arbitrary<TransferKind> = fc.record({
  isFull: fc.constantFrom(false, false, false, false, true),
  isForgetful: fc.constantFrom(false, false, false, true),
  window: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: windowArbitrary },
  ),
})

/** Histories of two to five transfers, windows only where a model takes them. */
export const historyArbitrary: fc.Arbitrary<History> = fc
  .record({
    rules: rulesArbitrary,
    steps: fc.array(
      fc.record({ changes: fc.array(changeArbitrary, { maxLength: 7 }), transfer: transferArbitrary }),
      { minLength: 2, maxLength: 5 },
    ),
  })
  .map(({ rules, steps }) => {
    if (rules.hasCursor && rules.writeMode !== 'overwrite') return { rules, steps }
    return {
      rules,
      steps: steps.map(step => ({ ...step, transfer: { ...step.transfer, window: undefined } })),
    }
  })

/** The source after a change. */
export function changed(source: readonly SourceRow[], change: Change): readonly SourceRow[] {
  switch (change.kind) {
    case 'put':
      return source.toSpliced(change.place % (source.length + 1), 0, change.row)
    case 'replace':
      return source.length === 0 ? source : source.with(change.place % source.length, change.row)
    case 'take':
      return source.toSpliced(change.place % (source.length + 1), 1)
    case 'shuffle':
      return source.toReversed()
  }
}
