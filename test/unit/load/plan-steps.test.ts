import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { halvedSteps, type LoadStep, planSteps, type StepsInput } from '../../../src/load/plan-steps.ts'

function model(columnCount: number, nameLength: number, more: object = {}): Model {
  const columns = Array.from({ length: columnCount }, (_, index) => ({
    name: `c${index}_`.padEnd(nameLength, 'x'),
    type: index === 1 ? 'timestamp' : 'string',
  }))
  const [first, second] = columns.map(({ name }) => name)
  return modelSchema.parse({
    name: 'wide',
    source: 'files',
    files: { path: 'x' },
    primaryKey: [first],
    cursor: second,
    columns,
    ...more,
  })
}

function input(of: Model): StepsInput {
  const load = {
    database: 'd',
    stagingTable: 's',
    model: of,
    writeMode: of.writeMode,
    target: of.tableName,
    bounds: [],
    cleared: [],
    widened: [],
  }
  return { load, partitions: { fields: [], values: [] }, columnCount: of.columns.length }
}

const clauseCount = ({ sql }: LoadStep): number =>
  sql.split('\n').filter(line => line.startsWith('WHEN ')).length

it.each([
  ['300 columns', model(300, 10), 1, /s\."c7_/, []],
  ['301 columns', model(301, 10), 2, /s\."c7_/, ['clauses']],
  ['301 columns that are only appended', model(301, 10, { writeMode: 'append' }), 1, /s\."c7_/, []],
  ['250 columns with names of 200 letters', model(250, 200), 1, /s\."c7"/, []],
  ['600 columns with names of 100 letters', model(600, 100), 2, /s\."c7"/, ['clauses']],
])('plans the fewest statements for %s', (_, of, count, spelling, splits) => {
  const plan = planSteps(input(of))

  expect(plan.steps).toHaveLength(count)
  expect(plan.splits).toEqual(splits)
  for (const { sql } of plan.steps) expect(sql).toMatch(spelling)
})

it('plans no statement that Athena would refuse, for any width, and each clause once', {
  timeout: 60_000,
}, () => {
  const shapes = fc.record({
    columns: fc.integer({ min: 2, max: 1000 }),
    length: fc.integer({ min: 5, max: 255 }),
    writeMode: fc.constantFrom('merge', 'append', 'overwrite'),
  })
  fc.assert(
    fc.property(shapes, ({ columns, length, writeMode }) => {
      const planned = outcomeOf(() => planSteps(input(model(columns, length, { writeMode }))))
      if ('code' in planned) {
        expect(planned.code).toBe('QUERY_LIMIT_EXCEEDED')
        expect(columns * length).toBeGreaterThan(60_000)
        return
      }
      for (const step of planned.steps) {
        expect(Buffer.byteLength(step.sql)).toBeLessThanOrEqual(262_144)
        if (columns > 300) expect(clauseCount(step)).toBe(1)
      }
      const clauses = planned.steps.reduce((sum, step) => sum + clauseCount(step), 0)
      expect(clauses).toBe({ merge: 2, append: 1, overwrite: 3 }[writeMode])
    }),
    { numRuns: 25 },
  )
})

function outcomeOf<Value extends object>(make: () => Value): Value | { readonly code: unknown } {
  try {
    return make()
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) return { code: thrown.code }
    throw thrown
  }
}

it.each(['merge', 'append', 'overwrite'])(
  'halves a %s into statements that all differ, and always the same',
  writeMode => {
    const planned = input(model(3, 5, { writeMode }))
    const leaves = (step: LoadStep): readonly LoadStep[] =>
      halvedSteps(planned, step)?.flatMap(leaves) ?? [step]
    const all = planSteps(planned).steps.flatMap(leaves)

    expect(new Set(all.map(({ sql }) => sql)).size).toBe(64)
    expect(planSteps(planned).steps.flatMap(leaves)).toEqual(all)
  },
)

it('halves a statement of one clause into statements of the same clause', () => {
  const planned = input(model(301, 5))
  const [first] = planSteps(planned).steps

  expect(first && halvedSteps(planned, first)?.map(({ clause }) => clause)).toEqual(['update', 'update'])
})
