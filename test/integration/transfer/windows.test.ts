import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

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
    lookbackMs: 60_000,
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'name', type: 'string' },
      { name: 'gone', type: 'boolean' },
      { name: 'at', type: 'timestamp' },
    ],
    ...more,
  })
}

/** So many minutes after midnight, with microseconds. */
function at(minute: number, micros = 0): string {
  return `2026-01-01T00:${String(minute).padStart(2, '0')}:00.${String(micros).padStart(6, '0')}Z`
}

function row(id: number, name: string, minute: number, more: object = {}): string {
  return JSON.stringify({ id, name, gone: false, at: at(minute), ...more })
}

async function load(of: Model, rows: readonly string[], window?: { from: string; to: string }) {
  await world.writeSource(of, rows)
  const result = await world.transfer(of, { window })
  return { result, table: await tableOf(of) }
}

async function tableOf(of: Model): Promise<readonly string[]> {
  const rows = await world.customer.sql(`SELECT id, name FROM "${world.schema}"."${of.tableName}"`)
  return rows.map(([id, name]) => `${id} ${name}`).toSorted()
}

it('a window reads rows from its beginning to just before its end, to the microsecond, and rows without a cursor never', async () => {
  const orders = model('orders')
  const rows = [
    row(1, 'before', 9, { at: at(9, 999_999) }),
    row(2, 'first', 10),
    row(3, 'last', 19, { at: at(19, 999_999) }),
    row(4, 'end', 20),
    row(5, 'none', 0, { at: null }),
  ]
  const { result, table } = await load(orders, rows, { from: at(10), to: at(20) })

  expect(table).toEqual(['2 first', '3 last'])
  expect(result).toMatchObject({ rowCount: 2, statementCount: 1 })
})

it('a window below the watermark brings rows that came too late, changes what is older, and leaves the watermark alone', async () => {
  const orders = model('late')
  await load(orders, [row(1, 'a', 5), row(2, 'b', 30)])
  const late = [row(1, 'a2', 6), row(2, 'b', 30), row(3, 'late', 7)]
  const passed = await load(orders, late)
  const filled = await load(orders, late, { from: at(0), to: at(10) })
  const next = await load(orders, late)

  expect(passed.table).toEqual(['1 a', '2 b'])
  expect(filled.table).toEqual(['1 a2', '2 b', '3 late'])
  expect(filled.result).toMatchObject({ rowCount: 2, changedRowCount: 2, watermark: at(30) })
  expect(next.result).toMatchObject({ isUnchanged: true, statementCount: 0, watermark: at(30) })
})

it('a window over the lookback and beyond moves the watermark to its largest loaded cursor, once only to where it has loaded', async () => {
  const orders = model('onward')
  await load(orders, [row(1, 'a', 10)])
  const source = [row(1, 'a', 10), row(2, 'b', 15), row(3, 'c', 25)]
  const moved = await load(orders, source, { from: at(9), to: at(20) })
  const next = await load(orders, source)

  expect(moved.result).toMatchObject({ watermark: at(15), rowCount: 2 })
  expect(moved.table).toEqual(['1 a', '2 b'])
  expect(next.table).toEqual(['1 a', '2 b', '3 c'])
  expect(next.result.watermark).toBe(at(25))
})

it('a window that begins above the watermark does not move it, nor does a lost Redis after it: the rows between arrive', async () => {
  const orders = model('gap')
  const source = [row(1, 'a', 10), row(2, 'between', 20), row(3, 'ahead', 40)]
  await load(orders, [row(1, 'a', 10)])
  const ahead = await load(orders, source, { from: at(30), to: at(50) })
  world.forget(orders)
  const next = await load(orders, source)
  world.forget(orders)
  const after = await load(orders, [...source, row(4, 'd', 39), row(5, 'old', 5)])

  expect(ahead.table).toEqual(['1 a', '3 ahead'])
  expect(ahead.result.watermark).toBe(at(10))
  expect(next.table).toEqual(['1 a', '2 between', '3 ahead'])
  expect(next.result.watermark).toBe(at(40))
  expect(after.result.rowCount).toBe(2)
})

it('a new model may begin with a window: the first transfer after it reads all rows, also when Redis is lost', async () => {
  const orders = model('fresh')
  const source = [row(1, 'a', 10), row(2, 'b', 20), row(3, 'c', 30)]
  const window = await load(orders, source, { from: at(20), to: at(30) })
  world.forget(orders)
  const first = await load(orders, source)

  expect(window.table).toEqual(['2 b'])
  expect(window.result.watermark).toBeUndefined()
  expect(first.table).toEqual(['1 a', '2 b', '3 c'])
})

it('a new model in an existing destination reads all of its rows at first', async () => {
  await load(model('first_model'), [row(1, 'a', 59)])
  const { table, result } = await load(model('second_model'), [row(1, 'old', 0), row(2, 'new', 59)])

  expect(table).toEqual(['1 old', '2 new'])
  expect(result.watermark).toBe(at(59))
})

it('deletes within a window leave the table, and no older version of a row that was deleted after it comes back', async () => {
  const people = model('people', { deletes: { column: 'gone' } })
  const log = [
    row(1, 'a', 5),
    row(2, 'b', 5),
    row(1, 'a', 40, { gone: true }),
    row(3, 'c', 6),
    row(4, 'd', 50),
  ]
  await load(people, log)
  const late = [...log, row(2, 'b', 7, { gone: true })]
  const { table, result } = await load(people, late, { from: at(0), to: at(10) })

  expect(table).toEqual(['3 c', '4 d'])
  expect(result.watermark).toBe(at(50))
})

it('rows deleted after a window move no watermark past rows that are not loaded', async () => {
  const people = model('tombs', { deletes: { column: 'gone' } })
  await load(people, [row(1, 'a', 10)])
  const source = [row(1, 'a', 10), row(2, 'b', 12), row(3, 'c', 20), row(1, 'a', 30, { gone: true })]
  const window = await load(people, source, { from: at(0), to: at(15) })
  const next = await load(people, source)

  expect(window.result.watermark).toBe(at(12))
  expect(window.table).toEqual(['2 b'])
  expect(next.table).toEqual(['2 b', '3 c'])
})

it('a window of an append brings late rows, each once, however often it is read', async () => {
  const log = model('log', { writeMode: 'append', primaryKey: [] })
  await load(log, [row(1, 'a', 5), row(2, 'b', 30)])
  const late = [row(1, 'a', 5), row(1, 'late', 5), row(2, 'b', 30)]
  await load(log, late, { from: at(0), to: at(10) })
  const again = await load(log, late, { from: at(5), to: at(31) })

  expect(again.table).toEqual(['1 a', '1 late', '2 b'])
  expect(again.result.changedRowCount).toBe(0)
})

it('a window of a model with a date cursor reads the days that begin in it', async () => {
  const days = model('days', {
    cursor: 'day',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'name', type: 'string' },
      { name: 'day', type: 'date' },
    ],
  })
  const rows = ['2026-01-01', '2026-01-02', '2026-01-03'].map((day, id) =>
    JSON.stringify({ id, name: day, day }),
  )
  const { table } = await load(days, rows, {
    from: '2026-01-01T12:00:00.000000Z',
    to: '2026-01-03T00:00:00.000000Z',
  })

  expect(table).toEqual(['1 2026-01-02'])
})

it.each([
  ['overwritten', { writeMode: 'overwrite' }, 'the rows of a window would remove all others'],
  ['timeless', { cursor: undefined }, 'it has no cursor'],
  ['numbered', { cursor: 'id' }, 'its cursor "id" is of type bigint, which is no time'],
])('a window of a model that is %s is refused, and nothing is changed', async (name, more, why) => {
  const refused = model(name, more)
  const before = await load(refused, [row(1, 'a', 1)])

  await expect(load(refused, [row(2, 'b', 2)], { from: at(0), to: at(10) })).rejects.toMatchObject({
    code: 'WINDOW_REFUSED',
    message: expect.stringContaining(why),
  })
  expect(await tableOf(refused)).toEqual(before.table)
})

it('a window is refused while the key of the table is another, until a transfer replaced it', async () => {
  await load(model('rekeyed'), [row(1, 'a', 1)])
  const changed = model('rekeyed', { primaryKey: ['id', 'name'] })
  const window = { from: at(0), to: at(10) }

  await expect(load(changed, [row(1, 'b', 2)], window)).rejects.toMatchObject({ code: 'WINDOW_REFUSED' })
  await load(changed, [row(1, 'b', 2)])
  expect((await load(changed, [row(1, 'b', 2), row(1, 'c', 3)], window)).table).toEqual(['1 b', '1 c'])
})

it('a column that is to be backfilled is not taken for filled by a window', async () => {
  const columns = [
    { name: 'id', type: 'bigint' },
    { name: 'name', type: 'string' },
    { name: 'at', type: 'timestamp' },
  ]
  const rows = [row(1, 'a', 5, { note: 'n1' }), row(2, 'b', 30, { note: 'n2' })]
  await load(model('noted', { columns }), rows)
  const noted = model('noted', {
    columns: [...columns, { name: 'note', type: 'string' }],
    addedColumns: 'backfill',
  })
  const select = `SELECT id, note FROM "${world.schema}"."noted" ORDER BY id`
  await load(noted, rows, { from: at(29), to: at(31) })
  const afterWindow = await world.customer.sql(select)
  await load(noted, rows)

  expect(afterWindow).toEqual([
    ['1', null],
    ['2', 'n2'],
  ])
  expect(await world.customer.sql(select)).toEqual([
    ['1', 'n1'],
    ['2', 'n2'],
  ])
})
