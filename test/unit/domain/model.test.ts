import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatColumnType, targetTypeOf } from '../../../src/domain/column-type.ts'
import { columnTypeSchema } from '../../../src/domain/column-type-schema.ts'
import { modelSchema } from '../../../src/domain/model.ts'
import { statusOf, transferIdSchema } from '../../../src/domain/transfer.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'

const valid = {
  name: 'invoices',
  source: 'files',
  files: { path: 'x.csv' },
  primaryKey: ['id'],
  columns: [
    { name: 'id', type: 'string' },
    { name: 'ratio', type: 'double' },
  ],
}

function problemsOf(overrides: Record<string, unknown>): string[] {
  const outcome = modelSchema.safeParse({ ...valid, ...overrides })
  return outcome.success ? [] : outcome.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
}

it('accepts a small model and fills the defaults', () => {
  expect(modelSchema.parse(valid)).toMatchObject({
    tableName: 'invoices',
    writeMode: 'merge',
    lookbackMs: 300_000,
    rejectedRows: { maxCount: 0 },
  })
})

it.each([
  [{ primaryKey: ['nope'] }, 'primaryKey.0: no column is named "nope"'],
  [{ primaryKey: ['ratio'] }, 'columns.1.type: a primary key cannot be of type double'],
  [{ cursor: 'ratio' }, 'cursor: a cursor cannot be of type double; use timestamp, date, integer or bigint'],
  [
    { columns: [...valid.columns, { name: 'ID', type: 'string' }] },
    'columns: columns "id" and "ID" are one name in Athena',
  ],
  [
    {
      nameCollisions: 'suffix',
      columns: [...valid.columns, { name: 'ratio', type: 'double' }],
    },
    'columns: columns "ratio" and "ratio" are one name in Athena',
  ],
  [
    { columns: [...valid.columns, { name: 'x', type: 'date', description: 'é'.repeat(128) }] },
    'columns.2.description: is longer than 255 bytes',
  ],
  [
    { columns: [...valid.columns, { name: 'x', type: 'date', description: 'a\nb' }] },
    'columns.2.description: has more than one line, which Glue does not take',
  ],
])('refuses %j', (overrides, problem) => {
  expect(problemsOf(overrides)).toContain(problem)
})

it('names the types it knows when it meets another', () => {
  expect(problemsOf({ columns: [{ name: 'id', type: 'timestmap' }] })[0]).toMatch(
    /unknown column type "timestmap" \(did you mean "timestamp"\?\); expected one of boolean/,
  )
})

it('reads back every type that it prints', () => {
  const types = fc.oneof(
    fc.constantFrom(
      'boolean',
      'integer',
      'bigint',
      'float',
      'double',
      'string',
      'json',
      'uuid',
      'time',
      'bytes',
      'date',
      'timestamp',
    ),
    fc.integer({ min: 1, max: 38 }).chain(p => fc.integer({ min: 0, max: p }).map(s => `decimal(${p},${s})`)),
  )
  fc.assert(fc.property(types, text => formatColumnType(columnTypeSchema.parse(text)) === text))
})

it('gives a decimal without precision 38 digits, 9 of them after the point', () => {
  expect(targetTypeOf(columnTypeSchema.parse('decimal'))).toBe('decimal(38,9)')
})

it('gives transfer ids that sort by time', () => {
  const ids = [0, 1, 1_700_000_000_000, 2 ** 47].map(newTransferId)
  expect([...ids].sort()).toEqual(ids)
  expect(ids.every(id => transferIdSchema.safeParse(id).success)).toBe(true)
})

it('says PARTIAL_FAILURE when some models failed and others did not', () => {
  const [ok, failed, cancelled] = [
    { status: 'SUCCESS' },
    { status: 'ERROR' },
    { status: 'CANCELLED' },
  ] as const
  expect([statusOf([ok, ok]), statusOf([ok, failed]), statusOf([failed]), statusOf([ok, cancelled])]).toEqual(
    ['SUCCESS', 'PARTIAL_FAILURE', 'ERROR', 'CANCELLED'],
  )
})
