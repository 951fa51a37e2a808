import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareCanonical } from '../../../src/domain/canonical-order.ts'
import type { ColumnType } from '../../../src/domain/column-type.ts'
import { modelSchema } from '../../../src/domain/model.ts'
import { type PartitionValues, partitionRanges } from '../../../src/load/partition-ranges.ts'
import { type ColumnRange, HASH_VALUES, halved, type RowRange } from '../../../src/load/row-range.ts'

const TYPES = { amount: 'bigint', name: 'string', at: 'date' } as const
const MODEL = modelSchema.parse({
  name: 'parted',
  source: 'files',
  files: { path: 'x' },
  writeMode: 'append',
  columns: Object.entries(TYPES).map(([name, type]) => ({ name, type })),
})

const arbitraryOf = {
  amount: fc.bigInt({ min: -60n, max: 60n }).map(String),
  name: fc.string({ maxLength: 3, unit: 'grapheme' }),
  at: fc.integer({ min: 0, max: 200 }).map(day => new Date(day * 86_400_000).toISOString().slice(0, 10)),
}

const names = fc.shuffledSubarray(['amount', 'name', 'at'] as const, { minLength: 1 })

const batches = names.chain(columns =>
  fc.record({
    fields: fc.constant(columns.map(column => ({ transform: 'identity' as const, column }))),
    buckets: fc.constantFrom(1, 3, 16, 100),
    values: fc.uniqueArray(fc.tuple(...columns.map(column => fc.option(arbitraryOf[column], { freq: 20 }))), {
      maxLength: 400,
      selector: value => JSON.stringify(value),
    }),
    others: fc.array(fc.tuple(...columns.map(column => fc.option(arbitraryOf[column]))), { maxLength: 50 }),
  }),
)

/** What the SQL of a range means. */
function isIn(range: ColumnRange, value: string | null): boolean {
  if (value === null) return range.nulls !== 'without'
  if (range.nulls === 'only') return false
  const type: ColumnType = range.type
  const isAfter = range.from === undefined || compareCanonical(type, value, range.from) >= 0
  return isAfter && (range.to === undefined || compareCanonical(type, value, range.to) < 0)
}

it('puts every row into exactly one part, and at most 100 partitions into each', () => {
  fc.assert(
    fc.property(batches, ({ fields, buckets, values, others }) => {
      const bucket = { transform: 'bucket' as const, size: buckets, column: 'amount' }
      const staged = { fields: [...fields, bucket], values }
      const parts = partitionRanges(MODEL, staged)
      const membersOf = (part: readonly ColumnRange[], rows: readonly PartitionValues[]) =>
        rows.filter(row =>
          part.every(range => isIn(range, row[fields.findIndex(one => one.column === range.column)] ?? null)),
        )

      for (const row of [...values, ...others])
        expect(parts.filter(part => membersOf(part, [row]).length === 1)).toHaveLength(1)
      for (const part of parts) expect(membersOf(part, values).length * buckets).toBeLessThanOrEqual(100)
      expect(partitionRanges(MODEL, { ...staged, values: values.toReversed() })).toEqual(parts)
    }),
  )
})

it('does not divide what fits into one statement', () => {
  const values = Array.from({ length: 100 }, (_, index) => [String(index)])

  expect(partitionRanges(MODEL, { fields: [{ transform: 'identity', column: 'amount' }], values })).toEqual([
    [],
  ])
})

it('refuses a load into more than 10,000 partitions', () => {
  const values = Array.from({ length: 10_001 }, (_, index) => [String(index)])
  const staged = { fields: [{ transform: 'identity' as const, column: 'amount' }], values }

  expect(() => partitionRanges(MODEL, staged)).toThrow(
    expect.objectContaining({ code: 'QUERY_LIMIT_EXCEEDED' }),
  )
})

it('halves until a sixty-fourth, each hash in exactly one part', () => {
  const parts = (range: RowRange): readonly RowRange[] => halved(range)?.flatMap(parts) ?? [range]
  const all = parts({ columns: [], hash: { from: 0, to: HASH_VALUES } })

  expect(all).toHaveLength(64)
  expect(all[0]?.hash.from).toBe(0)
  expect(all.at(-1)?.hash.to).toBe(HASH_VALUES)
  for (const [index, part] of all.entries())
    expect(all[index + 1]?.hash.from ?? HASH_VALUES).toBe(part.hash.to)
})
