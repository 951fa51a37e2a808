import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Model, modelSchema } from '../../../src/domain/model.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine()
})
afterAll(() => world.stop())

/** Keys without any order, and a day that never changes for a key. */
function model(name: string, partitionBy: readonly string[]): Model {
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
    primaryKey: ['id'],
    immutable: ['created'],
    partitionBy,
    cursor: 'at',
    deletes: { column: 'gone' },
    columns: [
      { name: 'id', type: 'string' },
      { name: 'created', type: 'date' },
      { name: 'total', type: 'bigint' },
      { name: 'gone', type: 'boolean' },
      { name: 'at', type: 'timestamp' },
    ],
  })
}

interface Row {
  readonly place: number
  readonly total: number
  readonly minute: number
  readonly gone?: boolean
  readonly created?: string | null
}

const keyOf = (place: number): string => createHash('md5').update(String(place)).digest('hex')
const dayOf = (place: number): string => new Date(Date.UTC(2025, 0, 1 + place)).toISOString().slice(0, 10)

function line({ place, total, minute, gone = false, created = dayOf(place) }: Row): string {
  const at = `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`
  return JSON.stringify({ id: keyOf(place), created, total, gone, at })
}

it('a small batch into a clustered table of 1,000,000 rows reads less than a tenth of it', {
  timeout: 600_000,
}, async () => {
  const orders = model('orders', ['day(created)'])
  const ofDay = (place: number): string => dayOf(Math.floor(place / 50_000))
  const million = Array.from({ length: 1_000_000 }, (_, place) =>
    line({ place, total: place, minute: 0, created: ofDay(place) }),
  )
  await world.writeSource(orders, million)
  const first = await world.transfer(orders)
  const changed = Array.from({ length: 100 }, (_, index) => 700_000 + index * 37)
  await world.writeSource(
    orders,
    changed.map(place => line({ place, total: -1, minute: 10, created: ofDay(place) })),
  )
  const second = await world.transfer(orders)
  const name = `"${world.schema}"."orders`
  const [[size = '0'] = []] = await world.customer.sql(`SELECT sum(file_size_in_bytes) FROM ${name}$files"`)
  const counted = await world.customer.sql(`SELECT count(*), count_if(total = -1) FROM ${name}"`)

  expect(first).toMatchObject({ changedRowCount: 1_000_000, statementCount: 1 })
  expect(second).toMatchObject({ changedRowCount: 100, statementCount: 1 })
  expect(counted).toEqual([['1000000', '100']])
  expect(second.scannedBytes).toBeGreaterThan(0)
  expect(second.scannedBytes / Number(size)).toBeLessThan(0.1)
})

it('bounds by immutable columns keep every row right, in one statement and in several', {
  timeout: 600_000,
}, async () => {
  const places = Array.from({ length: 24 }, (_, place) => place)
  // Every thirteenth row has no day, and never had one.
  const day = (place: number) => (place % 13 === 0 ? null : dayOf(place * 10))
  const isLate = (place: number): boolean => place % 5 === 1
  const isGone = (place: number): boolean => place % 7 === 2
  const first = places.map(place => line({ place, total: place, minute: 1, created: day(place) }))
  const some = places
    .slice(8, 18)
    .map(place => line({ place, total: -place, minute: 10, created: day(place) }))
  const all = places.map(place => {
    const minute = isLate(place) ? 0 : 20
    return line({ place, total: 1000 + place, minute, gone: isGone(place), created: day(place) })
  })
  const expected = places.flatMap(place => {
    if (isLate(place)) return [`${keyOf(place)} ${place >= 8 && place < 18 ? -place : place}`]
    return isGone(place) ? [] : [`${keyOf(place)} ${1000 + place}`]
  })

  for (const [name, partitionBy, statementCount] of [
    ['plain', [], 1],
    ['within', ['bucket(50, id)', 'month(created)'], 5],
  ] as const) {
    const bounded = model(name, partitionBy)
    for (const rows of [first, some]) {
      await world.writeSource(bounded, rows)
      await world.transfer(bounded)
    }
    await world.writeSource(bounded, all)
    const wholeAgain = { ...bounded, lookbackMs: 3_600_000 }
    const result = await world.transfer(wholeAgain)
    const found = await world.customer.sql(`SELECT id, total FROM "${world.schema}"."${name}"`)

    expect(found.map(row => row.join(' ')).toSorted()).toEqual(expected.toSorted())
    expect(result).toMatchObject({ statementCount, rowCount: 24 })
  }
})
