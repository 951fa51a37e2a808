import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { recordAfter, type TableRecord } from '../../../src/domain/table-record.ts'
import {
  droppedColumns,
  freshlyWidened,
  modelForTable,
  needsFullRead,
} from '../../../src/load/model-for-table.ts'
import { planTarget } from '../../../src/load/plan-target.ts'
import { typeChange } from '../../../src/load/type-change.ts'

const LOCATION = 's3://b/acme/things_1'

function model(columns: readonly object[], more: object = {}): Model {
  return modelSchema.parse({
    name: 'things',
    source: 'files',
    files: { path: 'x.ndjson' },
    primaryKey: ['id'],
    columns: [{ name: 'id', type: 'bigint' }, ...columns],
    ...more,
  })
}

function targetOf(...columns: readonly [name: string, type: string, comment?: string][]) {
  return {
    columns: [
      { name: 'id', type: 'bigint' },
      ...columns.map(([name, type, comment]) => ({ name, type, comment })),
    ],
  }
}

const plan = (one: Model, target: ReturnType<typeof targetOf>) =>
  planTarget({ database: 'acme', model: one, target, targetLocation: `${LOCATION}/` })

const recorded = (one: Model, before?: TableRecord, hasChanged = true) =>
  recordAfter(one, { location: LOCATION, before, hasChanged })

const type = fc.oneof(
  fc.constantFrom('boolean', 'int', 'bigint', 'float', 'double', 'string', 'binary', 'date', 'timestamp'),
  fc
    .tuple(fc.integer({ min: 1, max: 38 }), fc.integer({ min: 0, max: 38 }))
    .filter(([precision, scale]) => scale <= precision)
    .map(([precision, scale]) => `decimal(${precision},${scale})`),
)

it('a type is widened one way exactly where it is wider already the other way', () => {
  fc.assert(
    fc.property(type, type, (one, other) => {
      expect(typeChange(one, one)).toBe('same')
      expect(typeChange(one, other) === 'widened').toBe(typeChange(other, one) === 'wider-already')
    }),
  )
})

it('one statement changes type and comment, and says a comment again that only the type changes under', () => {
  const wide = { name: 'n', type: 'bigint' }
  const head = 'ALTER TABLE `acme`.`things` CHANGE COLUMN `n` `n` bigint'

  expect(plan(model([{ ...wide, description: "it's new" }]), targetOf(['n', 'int', 'old']))).toEqual([
    `${head} COMMENT 'it\\'s new'`,
  ])
  expect(plan(model([wide]), targetOf(['n', 'int', 'his']))).toEqual([`${head} COMMENT 'his'`])
  expect(plan(model([wide]), targetOf(['n', 'int']))).toEqual([head])
})

it('a description that is absent leaves a comment, an empty one removes it', () => {
  const text = { name: 'n', type: 'string' }

  expect(plan(model([text]), targetOf(['n', 'string', 'his']))).toEqual([])
  expect(plan(model([{ ...text, description: '' }]), targetOf(['n', 'string', 'his']))).toEqual([
    "ALTER TABLE `acme`.`things` CHANGE COLUMN `n` `n` string COMMENT ''",
  ])
  expect(plan(model([{ ...text, description: '' }]), targetOf(['n', 'string']))).toEqual([])
})

it('a change of a struct is refused with both types', () => {
  expect(() => plan(model([{ name: 'n', type: 'string' }]), targetOf(['n', 'struct<a:int>']))).toThrow(
    /the table has struct<a:int>, the model says string/,
  )
})

it('a wider type of the table becomes the type of the model, for keys, rows and statement alike', () => {
  const narrow = model([{ name: 'd', type: 'decimal(9,2)' }], { primaryKey: ['id'] })
  const target = targetOf(['d', 'decimal(20,2)'])
  const shaped = modelForTable({ model: narrow, target, record: undefined })

  expect(shaped.columns[1]?.type).toEqual({ kind: 'decimal', precision: 20, scale: 2 })
  expect(plan(shaped, target)).toEqual([])
})

it('rows after the watermark are enough unless a table or a backfilled column was never filled', () => {
  const [before, after] = [model([]), model([{ name: 'n', type: 'string' }], { addedColumns: 'backfill' })]
  const record = recorded(before)
  const added = targetOf(['n', 'string'])

  expect(needsFullRead({ model: before, target: undefined, record })).toBe(true)
  expect(needsFullRead({ model: before, target: targetOf(), record: undefined })).toBe(true)
  expect(needsFullRead({ model: before, target: targetOf(), record })).toBe(false)
  expect(needsFullRead({ model: after, target: targetOf(), record })).toBe(true)
  expect(needsFullRead({ model: after, target: added, record })).toBe(true)
  expect(needsFullRead({ model: { ...after, addedColumns: 'null' }, target: targetOf(), record })).toBe(false)
  expect(needsFullRead({ model: after, target: added, record: recorded(after, record) })).toBe(false)
})

it('dropped columns are those that were loaded, as long as the table has them; never others', () => {
  const note = { name: 'note', type: 'string' }
  const loaded = recorded(model([note]))
  const later = recorded(model([]), loaded)
  const target = targetOf(['note', 'string'], ['mine', 'string'])

  expect(droppedColumns({ model: model([]), target, record: loaded })).toEqual(['note'])
  expect(droppedColumns({ model: model([]), target, record: later })).toEqual(['note'])
  expect(droppedColumns({ model: model([]), target: targetOf(), record: later })).toEqual([])
  expect(droppedColumns({ model: model([note]), target, record: later })).toEqual([])
})

it('another spelling of a name goes on with its column, or with suffixes is a column of its own', () => {
  const record = recorded(model([{ name: 'CustomerID', type: 'string' }]))
  const target = targetOf(['customerid', 'string'])
  const respelled = [{ name: 'customerId', type: 'string' }]
  const nameIn = (one: Model) => modelForTable({ model: one, target, record }).columns[1]?.tableName

  expect(nameIn(model(respelled))).toBe('customerid')
  expect(nameIn(model(respelled, { nameCollisions: 'suffix' }))).toMatch(/^customerid_[0-9a-f]{8}$/)
})

it('a column counts as freshly widened until a load has changed rows', () => {
  const [narrow, wide] = ['integer', 'bigint'].map(one => model([{ name: 'n', type: one }]))
  if (!narrow || !wide) throw new Error('two models')
  const target = targetOf(['n', 'bigint'])
  const before = recorded(narrow)
  const widenedAfter = (record: TableRecord | undefined) => freshlyWidened({ model: wide, target, record })

  expect(freshlyWidened({ model: wide, target: undefined, record: undefined })).toEqual([])
  expect(widenedAfter(undefined)).toEqual(['id', 'n'])
  expect(widenedAfter(before)).toEqual(['n'])
  expect(widenedAfter(recorded(wide, before, false))).toEqual(['n'])
  expect(widenedAfter(recorded(wide, before))).toEqual([])
})
