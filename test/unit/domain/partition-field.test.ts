import fc from 'fast-check'
import { expect, it } from 'vitest'
import { modelSchema } from '../../../src/domain/model.ts'
import { formatPartitionField, partitionFieldSchema } from '../../../src/domain/partition-field.ts'

const COLUMNS = {
  id: 'bigint',
  name: 'string',
  total: 'decimal(10,2)',
  ratio: 'double',
  raw: 'bytes',
  doc: 'json',
  tags: 'list<string>',
  ok: 'boolean',
  day: 'date',
  at: 'timestamp',
  at_day: 'string',
}

function problemsOf(partitionBy: readonly string[]): string[] {
  const columns = Object.entries(COLUMNS).map(([name, type]) => ({ name, type }))
  const model = { name: 'm', source: 's', files: { path: 'x' }, primaryKey: ['id'], columns, partitionBy }
  const outcome = modelSchema.safeParse(model)
  return outcome.success ? [] : outcome.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
}

it.each([
  ['name', { transform: 'identity', column: 'name' }],
  ['day(at)', { transform: 'day', column: 'at' }],
  ['bucket(16, id)', { transform: 'bucket', size: 16, column: 'id' }],
  ['truncate(4,Unit Price)', { transform: 'truncate', size: 4, column: 'Unit Price' }],
  ['day("a) odd, name")', { transform: 'day', column: 'a) odd, name' }],
  ['"day(at)"', { transform: 'identity', column: 'day(at)' }],
])('reads %s', (text, field) => {
  expect(partitionFieldSchema.parse(text)).toEqual(field)
})

it('reads each field as it is spelled', () => {
  const fields = fc.record({
    field: fc.constantFrom<{ transform: 'identity' | 'month' | 'bucket'; size?: number }>(
      { transform: 'identity' },
      { transform: 'month' },
      { transform: 'bucket', size: 7 },
    ),
    column: fc.string({ minLength: 1, unit: 'grapheme' }),
  })
  fc.assert(
    fc.property(fields, ({ field, column }) => {
      const text = formatPartitionField({ ...field, column }, JSON.stringify)
      expect(partitionFieldSchema.parse(text)).toEqual({ ...field, column })
    }),
  )
})

it.each([
  [['year(day)', 'bucket(100, name)', 'truncate(10, total)', 'ok']],
  [['hour(at)', 'bucket(4, raw)', 'bucket(8, day)', 'id']],
])('takes %j', partitionBy => {
  expect(problemsOf(partitionBy)).toEqual([])
})

const SPELLINGS =
  'expected a column, year(column), month(column), day(column), hour(column), bucket(n, column) or truncate(n, column) with n ≥ 1'

it.each([
  [['week(at)'], `partitionBy.0: "week(at)" is no partition; ${SPELLINGS}`],
  [['bucket(0, id)'], `partitionBy.0: "bucket(0, id)" is no partition; ${SPELLINGS}`],
  [['bucket(id, 4)'], `partitionBy.0: "bucket(id, 4)" is no partition; ${SPELLINGS}`],
  [[''], `partitionBy.0: "" is no partition; ${SPELLINGS}`],
  [['ok', 'day(nope)'], 'partitionBy.1: no column is named "nope"'],
  [['day(id)'], 'partitionBy.0: day cannot be made of a bigint; it takes date, timestamp'],
  [['hour(day)'], 'partitionBy.0: hour cannot be made of a date; it takes timestamp'],
  [
    ['ratio'],
    'partitionBy.0: a partition cannot be made of a double; it takes integer, bigint, decimal, string, uuid, time, boolean, date, timestamp',
  ],
  [
    ['truncate(2, tags)'],
    'partitionBy.0: truncate cannot be made of a list<string>; it takes integer, bigint, decimal, string, uuid, time',
  ],
  [
    ['year(day)', 'month(day)'],
    'partitionBy.1: month(day) beside year(day) is redundant, which Iceberg refuses',
  ],
  [
    ['bucket(4, id)', 'bucket(8, id)'],
    'partitionBy.1: bucket(8, id) beside bucket(4, id) is redundant, which Iceberg refuses',
  ],
  [['day(at)'], 'partitionBy.0: Iceberg would name the partition "at_day", which is a column'],
  [
    ['ok', 'bucket(20, id)', 'bucket(6, name)'],
    'partitionBy.1: makes 120 buckets, and every load writes to nearly all of them; Athena writes to 100 partitions a statement, so take 100 or fewer',
  ],
])('refuses %j', (partitionBy, problem) => {
  expect(problemsOf(partitionBy)).toEqual([problem])
})
