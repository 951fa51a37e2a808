import fc from 'fast-check'
import { CHANGING, type Changing, type DeclaredColumn, type Shape, type SourceRow } from './shape.ts'

/** What happens to the source, the model, the customer's table or the memory before a transfer. */
type Change =
  | { readonly kind: 'put'; readonly row: SourceRow; readonly place: number }
  | { readonly kind: 'replace'; readonly row: SourceRow; readonly place: number }
  | { readonly kind: 'take'; readonly place: number }
  | { readonly kind: 'shuffle'; readonly row: SourceRow }
  | { readonly kind: 'toggle-column'; readonly column: Changing }
  | { readonly kind: 'describe'; readonly column: Changing; readonly description: string }
  | { readonly kind: 'resize-column'; readonly column: Changing }
  | { readonly kind: 'reshape'; readonly writeMode: Shape['writeMode']; readonly key: Shape['key'] }
  | { readonly kind: 'drop-table' }
  | { readonly kind: 'add-own-column'; readonly id: number }
  | { readonly kind: 'forget' }

/** A transfer, and the AWS call at which its first attempt fails, before or after it had its effect. */
interface TransferStep {
  readonly isFull: boolean
  readonly fault?: { readonly call: number; readonly isAfter: boolean } | undefined
}

/** Changes, and the transfer that follows them. */
interface Step {
  readonly changes: readonly Change[]
  readonly transfer: TransferStep
}

/** A model as it is at first, and what happens from then on. The source is empty at first. */
export interface History {
  readonly shape: Shape
  readonly steps: readonly Step[]
}

/** The first second of the histories; their lookback is a minute, so that rows fall on both sides of it. */
const FIRST_SECOND = Date.UTC(2026, 0, 1) / 1000
const LOOKBACK_SECONDS = 60

const modeArbitrary = fc.constantFrom('merge' as const, 'append' as const, 'overwrite' as const)
const keyArbitrary = fc.constantFrom<Shape['key']>([], ['id'], ['id', 'part'])

const shapeArbitrary: fc.Arbitrary<Shape> = fc
  .record({
    writeMode: modeArbitrary,
    key: keyArbitrary,
    hasCursor: fc.constantFrom(true, true, false),
    deletes: fc.constantFrom('hard' as const, 'soft' as const, 'none' as const),
    lookbackSeconds: fc.constantFrom(0, LOOKBACK_SECONDS),
    backfills: fc.boolean(),
    isLarge: fc.boolean(),
    maxRejected: fc.constantFrom(0, 2, 100),
    columns: fc.subarray<Changing>(['name', 'n', 'f', 'd']).map(names => names.map(declared)),
  })
  .map(consistent)

/** Merge needs a key, and append removes no row. */
function consistent(shape: Shape): Shape {
  const key = shape.writeMode === 'merge' && shape.key.length === 0 ? (['id'] as const) : shape.key
  const deletes = shape.writeMode === 'append' && shape.deletes === 'hard' ? 'soft' : shape.deletes
  return { ...shape, key, deletes }
}

function declared(name: Changing): DeclaredColumn {
  return { name, isWide: false }
}

/** Few keys and few values, so that rows meet; times that are equal, late and far apart; values only wide types hold. */
const rowArbitrary: fc.Arbitrary<SourceRow> = fc.record({
  id: fc.integer({ min: 1, max: 4 }),
  part: fc.constantFrom('x', 'x', 'ÿ'),
  deleted: fc.constantFrom(null, false, false, true),
  at: fc.oneof({ weight: 12, arbitrary: timeArbitrary() }, { weight: 1, arbitrary: fc.constant(null) }),
  name: fc.constantFrom(null, '', "it's", 'b'),
  n: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(null, 7) },
    { weight: 1, arbitrary: fc.constant(2 ** 40) },
  ),
  f: fc.constantFrom(null, 0.5, 0.1),
  d: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(null, 1.25) },
    { weight: 1, arbitrary: fc.constant(1e9) },
  ),
})

function timeArbitrary(): fc.Arbitrary<number> {
  return fc
    .tuple(fc.integer({ min: 0, max: 200 }), fc.constantFrom(0, 0, 1, 999_999))
    .map(([second, micros]) => (FIRST_SECOND + second) * 1e6 + micros)
}

/** Comes with another order, which alone is no change; every transfer reads and takes it. */
const shuffledArbitrary = rowArbitrary.map(row => ({ ...row, at: null, n: null, d: null }))

const place = fc.nat(20)
const id = fc.integer({ min: 1, max: 4 })
const description = fc.constantFrom('ours', "it's", '')
const column = fc.constantFrom<Changing>('name', 'n', 'f', 'd')

const changeArbitrary: fc.Arbitrary<Change> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: kind('put'), row: rowArbitrary, place }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('replace'), row: rowArbitrary, place }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('take'), place }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('shuffle'), row: shuffledArbitrary }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('toggle-column'), column }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('describe'), column, description }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('resize-column'), column }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('reshape'), writeMode: modeArbitrary, key: keyArbitrary }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('drop-table') }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('add-own-column'), id }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('forget') }) },
)

function kind<Kind extends Change['kind']>(name: Kind): fc.Arbitrary<Kind> {
  return fc.constant(name)
}

const transferArbitrary: fc.Arbitrary<TransferStep> = fc.record({
  isFull: fc.constantFrom(false, false, false, false, true),
  fault: fc.option(fc.record({ call: fc.nat(24), isAfter: fc.boolean() }), { freq: 3, nil: undefined }),
})

/** Histories of two to five transfers. */
export const historyArbitrary: fc.Arbitrary<History> = fc.record({
  shape: shapeArbitrary,
  steps: fc.array(
    fc.record({ changes: fc.array(changeArbitrary, { maxLength: 8 }), transfer: transferArbitrary }),
    { minLength: 2, maxLength: 5 },
  ),
})

/** The source after a change. */
export function changedSource(source: readonly SourceRow[], change: Change): readonly SourceRow[] {
  switch (change.kind) {
    case 'put':
      return source.toSpliced(change.place % (source.length + 1), 0, change.row)
    case 'replace':
      return source.length === 0 ? source : source.with(change.place % source.length, change.row)
    case 'take':
      return source.toSpliced(change.place % (source.length + 1), 1)
    case 'shuffle':
      return [change.row, ...source.toReversed()]
    default:
      return source
  }
}

/** The model after a change. */
export function changedShape(shape: Shape, change: Change): Shape {
  const { columns } = shape
  const named = (name: Changing) => columns.find(column => column.name === name)
  const edited = (name: Changing, edit: Partial<DeclaredColumn>): Shape => ({
    ...shape,
    columns: columns.map(column => (column.name === name ? { ...column, ...edit } : column)),
  })
  switch (change.kind) {
    case 'toggle-column': {
      const others = columns.filter(({ name }) => name !== change.column)
      return { ...shape, columns: named(change.column) ? others : [...others, declared(change.column)] }
    }
    case 'describe':
      return edited(change.column, { description: change.description })
    case 'resize-column':
      return edited(change.column, { isWide: hasWide(change.column) && !named(change.column)?.isWide })
    case 'reshape':
      return consistent({ ...shape, writeMode: change.writeMode, key: change.key })
    default:
      return shape
  }
}

function hasWide(name: Changing): boolean {
  return CHANGING[name].narrow !== CHANGING[name].wide
}
