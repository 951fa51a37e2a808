import { expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { planLoad } from '../../../src/load/plan-load.ts'

function model(overrides: Record<string, unknown> = {}): Model {
  return modelSchema.parse({
    name: 'invoices',
    source: 'files',
    files: { path: 'invoices.ndjson' },
    primaryKey: ['Id'],
    cursor: 'updated_at',
    columns: [
      { name: 'Id', type: 'bigint' },
      { name: 'total', type: 'decimal(10,2)', description: "customer's total" },
      { name: 'updated_at', type: 'timestamp' },
    ],
    ...overrides,
  })
}

const input = {
  database: 'acme',
  target: undefined,
  targetLocation: 's3://b/acme/invoices_x/',
  stagingTable: '_transfer_staging_1',
  stagingLocation: 's3://b/acme/staging/1/',
  bounds: [],
  partitionedBy: undefined,
  partitions: [],
  writeMode: 'merge' as const,
}

const asModelled = {
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'total', type: 'decimal(10,2)', comment: "customer's total" },
    { name: 'updated_at', type: 'timestamp' },
  ],
}

it('creates a target that does not exist, with descriptions as comments', () => {
  const { targetStatements } = planLoad({ ...input, model: model() })

  expect(targetStatements).toHaveLength(1)
  expect(targetStatements[0]).toContain("`total` decimal(10,2) COMMENT 'customer\\'s total'")
  expect(targetStatements[0]).toContain("LOCATION 's3://b/acme/invoices_x/'")
  expect(targetStatements[0]).not.toMatch(/EXTERNAL|--/)
})

it('runs no DDL when the target is as the model says', () => {
  expect(planLoad({ ...input, model: model(), target: asModelled }).targetStatements).toEqual([])
})

it('adds the columns that the target has not, in one statement', () => {
  const target = { columns: asModelled.columns.slice(0, 1) }

  expect(planLoad({ ...input, model: model(), target }).targetStatements).toEqual([
    "ALTER TABLE `acme`.`invoices` ADD COLUMNS (`total` decimal(10,2) COMMENT 'customer\\'s total', `updated_at` timestamp)",
  ])
})

it("leaves the customer's own columns alone", () => {
  const target = { columns: [...asModelled.columns, { name: 'note', type: 'string' }] }
  const plan = planLoad({ ...input, model: model(), target })

  expect(plan.targetStatements).toEqual([])
  expect(plan.load.steps[0]?.sql).not.toContain('note')
})

it('refuses a column whose type differs from the target, naming both types', () => {
  const target = { columns: [{ name: 'id', type: 'string' }] }

  expect(() => planLoad({ ...input, model: model(), target })).toThrow(
    expect.objectContaining({
      code: 'SCHEMA_CHANGE_REFUSED',
      message:
        'model "invoices", column "Id": the table has string, the model says bigint (bigint), and Athena cannot change one to the other; either give the column a new name in the model, or drop the table and run a full refresh',
    }),
  )
})

it('stages timestamps as microseconds, and the order of the source', () => {
  expect(planLoad({ ...input, model: model() }).staging.columns).toEqual([
    { name: 'id', type: 'bigint' },
    { name: 'total', type: 'decimal(10,2)' },
    { name: 'updated_at', type: 'bigint' },
    { name: '_transfer_row', type: 'bigint' },
  ])
})

it('bounds the target by keys and never by the cursor', () => {
  const bounds = [{ column: 'id', type: { kind: 'bigint' } as const, min: '-9223372036854775808', max: '7' }]
  const loadStatement = planLoad({ ...input, model: model(), bounds }).load.steps[0]?.sql

  expect(loadStatement).toContain(
    `ON t."id" = s."id" AND t."id" BETWEEN BIGINT '-9223372036854775808' AND BIGINT '7'`,
  )
})

it('leaves no file out by a key that this load or one before it widened, as no snapshot has it so', () => {
  const bounds = [{ column: 'id', type: { kind: 'bigint' } as const, min: '1', max: '7' }]
  const target = { columns: asModelled.columns.with(0, { name: 'id', type: 'int' }) }
  const unpruned = `ON t."id" + 0 = s."id"\nWHEN`

  expect(planLoad({ ...input, model: model(), bounds, target }).load.steps[0]?.sql).toContain(unpruned)
  expect(planLoad({ ...input, model: model(), bounds, target: asModelled }).load.steps[0]?.sql).toContain(
    unpruned,
  )
})

it('immutable columns bound the target but for rows from before they were added', () => {
  const bounds = [{ column: 'total', type: { kind: 'integer' } as const, min: '1', max: '7' }]
  const loadStatement = planLoad({ ...input, model: model(), bounds }).load.steps[0]?.sql

  expect(loadStatement).toContain(
    `ON t."id" = s."id" AND (t."total" BETWEEN INTEGER '1' AND INTEGER '7' OR t."total" IS NULL)`,
  )
})

it('a model of keys alone never updates', () => {
  const keysOnly = model({
    primaryKey: ['a', 'b'],
    cursor: undefined,
    columns: [
      { name: 'a', type: 'integer' },
      { name: 'b', type: 'integer' },
    ],
  })
  const loadStatement = planLoad({ ...input, model: keysOnly }).load.steps[0]?.sql

  expect(loadStatement).not.toContain('WHEN MATCHED')
  expect(loadStatement).toContain('ON t."a" = s."a" AND t."b" = s."b"')
})

it('makes a table that one CREATE TABLE is too long for in several statements, partitions in the first', () => {
  const columns = Array.from({ length: 1000 }, (_, index) => ({
    name: `c${index}`,
    type: 'date',
    description: 'é'.repeat(127),
  }))
  const wide = model({ primaryKey: ['c0'], cursor: undefined, columns, partitionBy: ['day(c999)'] })
  const { targetStatements } = planLoad({ ...input, model: wide })
  const [first = '', ...others] = targetStatements

  expect(targetStatements).toHaveLength(2)
  expect(first).toContain('`c999` date COMMENT')
  expect(first).toContain('PARTITIONED BY (day(`c999`))')
  for (const sql of targetStatements) expect(Buffer.byteLength(sql)).toBeLessThanOrEqual(262_144)
  for (const { name } of columns)
    expect([first, ...others].filter(sql => sql.includes(`\`${name}\` date`))).toHaveLength(1)
})
