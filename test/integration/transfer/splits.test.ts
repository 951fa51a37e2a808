import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

// Many small statements, each of many small files.
vi.setConfig({ testTimeout: 600_000 })

let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine()
})
afterAll(() => world.stop())

function model(name: string, more: object = {}): Model {
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
    primaryKey: ['id'],
    cursor: 'at',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'name', type: 'string' },
      { name: 'gone', type: 'boolean' },
      { name: 'at', type: 'timestamp' },
    ],
    ...more,
  })
}

/** Rows so many days apart. */
function rows(count: number, more: object = {}): string[] {
  return Array.from({ length: count }, (_, id) => {
    const at = new Date(Date.UTC(2025, 0, 1 + id, 12)).toISOString()
    return JSON.stringify({ id, name: `n${id}`, gone: false, at, ...more })
  })
}

const tableOf = async (of: Model, columns = 'id, name'): Promise<readonly string[]> => {
  const found = await world.customer.sql(`SELECT ${columns} FROM "${world.schema}"."${of.tableName}"`)
  return found.map(row => row.join(' ')).toSorted()
}

const expected = (count: number, name = (id: number): string => `n${id}`): string[] =>
  Array.from({ length: count }, (_, id) => `${id} ${name(id)}`).toSorted()

it('loads rows of 150 partitions in statements of at most 100, and rows of few in one', async () => {
  const parted = model('parted', { partitionBy: ['day(at)'] })
  await world.writeSource(parted, rows(150))
  const first = await world.transfer(parted)
  const files = await world.customer.sql(`SELECT count(*) FROM "${world.schema}"."parted$files"`)
  const second = [
    ...rows(150),
    JSON.stringify({ id: 3, name: 'new', gone: false, at: '2025-09-01T00:00:00Z' }),
  ]
  await world.writeSource(parted, second)
  const next = await world.transfer(parted)

  expect(first).toMatchObject({
    statementCount: 2,
    splits: ['partitions'],
    changedRowCount: 150,
    notices: [],
  })
  expect(files).toEqual([['150']])
  expect(next).toMatchObject({ statementCount: 1, splits: [], changedRowCount: 1 })
  expect(await tableOf(parted)).toEqual(expected(150, id => (id === 3 ? 'new' : `n${id}`)))
})

it('divides by a second field where one value of the first has too many partitions, NULL included', async () => {
  const parted = model('nested', { partitionBy: ['truncate(1, name)', 'bucket(4, id)', 'month(at)', 'gone'] })
  const lines = Array.from({ length: 160 }, (_, id) => {
    const at = id % 7 === 0 ? null : new Date(Date.UTC(2000, id, 1)).toISOString()
    return JSON.stringify({ id, name: id % 3 === 0 ? null : `x${id}`, gone: id % 2 === 0, at })
  })
  await world.writeSource(parted, lines)
  const result = await world.transfer(parted)

  expect(result).toMatchObject({ splits: ['partitions'], changedRowCount: 160 })
  expect(result.statementCount).toBeGreaterThan(4)
  expect(await tableOf(parted, 'id')).toEqual(Array.from({ length: 160 }, (_, id) => String(id)).toSorted())
})

it('overwrites a partitioned table in parts, rows that the source has no more included', async () => {
  const parted = model('replaced', { writeMode: 'overwrite', partitionBy: ['day(at)'] })
  await world.writeSource(parted, rows(150))
  await world.transfer(parted)
  await world.writeSource(parted, rows(120))
  const result = await world.transfer(parted)

  expect(result).toMatchObject({ statementCount: 2, splits: ['partitions'], changedRowCount: 30 })
  expect(await tableOf(parted)).toEqual(expected(120))
})

it('tells that a table keeps its partitions when the model has others, and loads on', async () => {
  const plain = model('kept')
  await world.writeSource(plain, rows(150))
  await world.transfer(plain)
  const changed = model('kept', { partitionBy: ['bucket(16, id)'] })
  await world.writeSource(changed, rows(151))
  const result = await world.transfer(changed)

  expect(result).toMatchObject({ statementCount: 1, changedRowCount: 1 })
  expect(result.notices).toEqual([
    'the table is partitioned by nothing and stays so, the model says bucket(16, id); Athena cannot change partitions: drop the table, and the next transfer makes it anew and fills it',
  ])
})

it('loads a model of 400 columns with long names by one statement for each thing it does', async () => {
  const columns = longNames(400, 150)
  const base = [
    { name: 'id', type: 'bigint' },
    { name: 'gone', type: 'boolean' },
    { name: 'at', type: 'timestamp' },
  ]
  const wide = model('wide', { columns: [...base, ...columns.slice(3)], deletes: { column: 'gone' } })
  const line = (id: number, value: string, minute: number, gone = false): string =>
    JSON.stringify({ id, gone, at: `2026-01-01T00:0${minute}:00Z`, [columns[7]?.name ?? '']: value })
  await world.writeSource(wide, [line(1, 'a', 0), line(2, 'b', 0), line(3, 'c', 0)])
  await world.transfer(wide)
  await world.writeSource(wide, [line(1, 'a', 0), line(2, 'B', 1), line(3, 'c', 2, true), line(4, 'd', 3)])
  const result = await world.transfer(wide)

  expect(result).toMatchObject({ statementCount: 3, splits: ['clauses'], changedRowCount: 3 })
  const seventh = wide.columns.find(({ name }) => name === columns[7]?.name)?.tableName
  expect(await tableOf(wide, `id, "${seventh}"`)).toEqual(['1 a', '2 B', '4 d'])
})

function longNames(count: number, length: number): { name: string; type: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `c${index}_`.padEnd(length, 'x'),
    type: 'string',
  }))
}

it('refuses a model whose statement is too long, whatever it is divided into', async () => {
  const wide = model('endless', {
    columns: [{ name: 'id', type: 'bigint' }, { name: 'at', type: 'timestamp' }, ...longNames(998, 250)],
  })
  await world.writeSource(wide, ['{"id": 1, "at": "2026-01-01T00:00:00Z"}'])

  await expect(world.transfer(wide)).rejects.toMatchObject({ code: 'QUERY_LIMIT_EXCEEDED' })
  expect(await world.stagedKeys()).toEqual([])
})

it('refuses rows of more than 10,000 partitions and leaves none of them staged', async () => {
  const scattered = model('scattered', { partitionBy: ['id'] })
  await world.writeSource(
    scattered,
    Array.from({ length: 10_001 }, (_, id) => JSON.stringify({ id })),
  )

  await expect(world.transfer(scattered)).rejects.toMatchObject({
    code: 'QUERY_LIMIT_EXCEEDED',
    message: 'model "scattered": its rows belong to more than 10000 partitions',
  })
  expect(await world.stagedKeys()).toEqual([])
})

it.each(['merge', 'append', 'overwrite'])(
  'halves a %s that exhausts resources, until it passes',
  async writeMode => {
    const large = model(`large ${writeMode}`, { writeMode })
    await world.writeSource(large, rows(50))
    await world.setFault({ name: 'athena.query.fail', errorType: 4, times: 3, match: 'MERGE INTO' })
    const first = await world.transfer(large)
    await world.setFault({ name: 'athena.query.fail', errorType: 4, times: 1, match: 'MERGE INTO' })
    await world.writeSource(
      large,
      rows(40).with(3, JSON.stringify({ id: 3, name: 'z', gone: false, at: '2027-01-01T00:00:00Z' })),
    )
    const second = await world.transfer(large)

    expect(first).toMatchObject({ statementCount: 4, splits: ['resources'], changedRowCount: 50 })
    expect(second).toMatchObject({ statementCount: 2, splits: ['resources'] })
    const changed = expected(writeMode === 'overwrite' ? 40 : 50, id => (id === 3 ? 'z' : `n${id}`))
    expect(await tableOf(large)).toEqual(writeMode === 'append' ? [...changed, '3 n3'].toSorted() : changed)
  },
)

it('gives up halving at a sixty-fourth, and the next transfer mends what was loaded in part', async () => {
  const large = model('hopeless', { partitionBy: ['day(at)'] })
  await world.writeSource(large, rows(150))
  await world.setFault({ name: 'athena.query.fail', errorType: 4, times: 7, match: '>= TIMESTAMP' })
  await expect(world.transfer(large)).rejects.toMatchObject({ code: 'QUERY_LIMIT_EXCEEDED' })
  const partly = await tableOf(large)
  const result = await world.transfer(large)

  expect(partly).toHaveLength(100)
  expect(result).toMatchObject({
    rowCount: 150,
    changedRowCount: 50,
    statementCount: 2,
    splits: ['partitions'],
  })
  expect(await tableOf(large)).toEqual(expected(150))
})
