import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import type { ModelStateStore } from '../../../src/transfer/ports.ts'
import { CHANGING_CALLS, startWorld, type World } from '../../histories/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('duckdb')
})
afterAll(() => world.stop())

/** What is remembered of each model between its transfers. */
const states = new Map<string, ModelStateStore>()

function model(name: string, more: object): Model {
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
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

/** A row whose cursor is so many minutes after midnight. */
function row(id: number, name: string, minute: number, gone = false): string {
  return JSON.stringify({ id, name, gone, at: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z` })
}

async function load(
  of: Model,
  rows: readonly string[],
  type: 'incremental' | 'full-refresh' = 'incremental',
) {
  await world.writeSource(of, rows)
  const memory = states.get(of.tableName) ?? world.newStates()
  states.set(of.tableName, memory)
  const { result, error, calls } = await world.attempt(of, {
    isFull: type === 'full-refresh',
    states: memory,
  })
  if (!result) throw error
  const table = await world.customer.sql(`SELECT id, name FROM ${of.tableName}`)
  const changing = calls.filter(call => CHANGING_CALLS.test(call))
  return { result, changing, table: table.map(([id, name]) => `${id} ${name}`).toSorted() }
}

it('append keeps every version of a row, each as often as the source holds it', async () => {
  const log = model('log', { writeMode: 'append' })
  const first = await load(log, [row(1, 'a', 0), row(1, 'a', 0), row(2, 'b', 1)])
  const second = await load(log, [row(1, 'a', 0), row(1, 'a', 0), row(2, 'b', 1), row(2, 'c', 2)])

  expect(first.table).toEqual(['1 a', '1 a', '2 b'])
  expect(second.table).toEqual(['1 a', '1 a', '2 b', '2 c'])
  expect(second.result.changedRowCount).toBe(1)
})

it('overwrite leaves what the source holds, and rows alone that are as they were', async () => {
  const list = model('list', { writeMode: 'overwrite', primaryKey: ['id'] })
  await load(list, [row(1, 'a', 0), row(2, 'b', 1), row(3, 'c', 2)])
  const changed = await load(list, [row(1, 'a', 0), row(3, 'd', 3)])
  const emptied = await load(list, [])

  expect(changed.table).toEqual(['1 a', '3 d'])
  expect(changed.result).toMatchObject({ changedRowCount: 2, statementCount: 1 })
  expect(emptied.table).toEqual([])
})

it('overwrite needs no key', async () => {
  const list = model('keyless', { writeMode: 'overwrite' })
  await load(list, [row(1, 'a', 0), row(1, 'a', 0), row(2, 'b', 1)])
  const { table } = await load(list, [row(1, 'a', 0), row(2, 'c', 1)])

  expect(table).toEqual(['1 a', '2 c'])
})

it('a row that the source deleted leaves the table, one that returns is back, one never seen does nothing', async () => {
  const people = model('people', { primaryKey: ['id'], deletes: { column: 'gone' } })
  await load(people, [row(1, 'a', 0), row(2, 'b', 0)])
  const deleted = await load(people, [row(1, 'a', 1, true), row(2, 'b', 0), row(9, 'x', 1, true)])
  const back = await load(people, [row(1, 'again', 2), row(2, 'b', 0)])

  expect(deleted.table).toEqual(['2 b'])
  expect(back.table).toEqual(['1 again', '2 b'])
})

it('deleted rows stay, marked, where the model keeps them', async () => {
  const people = model('kept', { primaryKey: ['id'], deletes: { column: 'gone', keepRows: true } })
  await load(people, [row(1, 'a', 0)])
  const { table } = await load(people, [row(1, 'a', 1, true)])

  expect(table).toEqual(['1 a'])
  expect(await world.customer.sql('SELECT gone FROM kept')).toEqual([['true']])
})

it('an unchanged model stages nothing and runs no statement; one late row within the lookback is one statement', async () => {
  const orders = model('orders', { primaryKey: ['id'] })
  await load(orders, [row(1, 'a', 0), row(2, 'b', 5)])
  await load(orders, [row(1, 'a', 0), row(2, 'b', 5)])
  const unchanged = await load(orders, [row(1, 'a', 0), row(2, 'b', 5)])
  const late = await load(orders, [row(1, 'a', 0), row(2, 'b', 5), row(3, 'late', 2)])

  expect(unchanged.result).toMatchObject({
    isUnchanged: true,
    fileCount: 0,
    statementCount: 0,
    stagedBytes: 0,
  })
  expect(unchanged.changing).toEqual([])
  expect(late.result).toMatchObject({ isUnchanged: false, statementCount: 1, changedRowCount: 1 })
  expect(late.table).toEqual(['1 a', '2 b', '3 late'])
})

it('a watermark that was lost is read from the target', async () => {
  const orders = model('forgotten', { primaryKey: ['id'] })
  await load(orders, [row(1, 'a', 0), row(2, 'b', 30)])
  states.delete(orders.tableName)
  const { result, table } = await load(orders, [row(1, 'a', 0), row(2, 'b', 30), row(3, 'c', 31)])

  expect(result.rowCount).toBe(2)
  expect(table).toEqual(['1 a', '2 b', '3 c'])
})

it('a full refresh replaces what the table holds in one statement', async () => {
  const orders = model('refreshed', { primaryKey: ['id'] })
  await load(orders, [row(1, 'a', 0), row(2, 'b', 1)])
  const { result, table } = await load(orders, [row(2, 'b', 1), row(3, 'c', 0)], 'full-refresh')

  expect(table).toEqual(['2 b', '3 c'])
  expect(result).toMatchObject({ changedRowCount: 2, statementCount: 1 })
})

it('a row that was gone at a full refresh and comes back is loaded', async () => {
  const orders = model('returned', { primaryKey: ['id'] })
  await load(orders, [row(1, 'a', 0), row(2, 'b', 5)])
  const refreshed = await load(orders, [row(1, 'a', 0)], 'full-refresh')
  const { table } = await load(orders, [row(1, 'a', 0), row(2, 'b', 5)])

  expect(refreshed.table).toEqual(['1 a'])
  expect(table).toEqual(['1 a', '2 b'])
})

it('a mode that changes while the source has older rows than before replaces the table once', async () => {
  await load(model('changed', { primaryKey: ['id'] }), [row(1, 'a', 0), row(2, 'b', 5)])
  const log = model('changed', { primaryKey: ['id'], writeMode: 'append' })
  await load(log, [row(1, 'a', 0)])
  const { table } = await load(log, [row(3, 'c', 6)])

  expect(table).toEqual(['1 a', '3 c'])
})

it('a mode that changes while Redis is lost replaces the table all the same', async () => {
  await load(model('moved', { primaryKey: ['id'] }), [row(1, 'a', 0), row(2, 'b', 5)])
  states.delete('moved')
  const { table } = await load(model('moved', { writeMode: 'append' }), [row(1, 'a', 0), row(2, 'b', 5)])

  expect(table).toEqual(['1 a', '2 b'])
})

it('a table of many rows a key becomes one of a row a key when its mode does', async () => {
  await load(model('narrowed', { writeMode: 'append' }), [row(1, 'a', 0), row(1, 'b', 1), row(2, 'c', 1)])
  const { table } = await load(model('narrowed', { primaryKey: ['id'] }), [row(1, 'b', 1), row(2, 'c', 1)])

  expect(table).toEqual(['1 b', '2 c'])
})
