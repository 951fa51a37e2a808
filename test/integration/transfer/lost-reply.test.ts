import { afterAll, beforeAll, expect, it } from 'vitest'
import { modelSchema } from '../../../src/domain/model.ts'
import type { TableEntry } from '../../../src/transfer/journal.ts'
import { type StraightLine, startStraightLine } from '../../support/straight-line.ts'

/** What comes after the store took an entry, and before its answer is there. */
let onKept: (entry: TableEntry) => void = () => {}
let world: StraightLine
beforeAll(async () => {
  world = await startStraightLine(deps => ({
    ...deps,
    journal: {
      ...deps.journal,
      replace: async (table, before, next, leaseMs) => {
        const isKept = await deps.journal.replace(table, before, next, leaseMs)
        onKept(next)
        return isKept
      },
    },
  }))
})
afterAll(() => world.stop())

const orders = modelSchema.parse({
  name: 'orders',
  source: 'files',
  files: { path: 'orders.ndjson' },
  primaryKey: ['id'],
  columns: [{ name: 'id', type: 'bigint' }],
})

it('a cancelled attempt that was not told whether its load began leaves what it staged to whoever brings it to its end', async () => {
  const controller = new AbortController()
  onKept = entry => {
    if (entry.position.state !== 'loading') return
    controller.abort('cancelled')
    throw new Error('the reply was lost')
  }
  await world.writeSource(orders, ['{"id":1}'])
  const cancelled = world.transfer(orders, { signal: controller.signal })
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
  onKept = () => {}
  await world.writeSource(orders, ['{"id":2}'])
  await world.transfer(orders)

  expect((await world.customer.sql('SELECT id FROM orders')).flat().toSorted()).toEqual(['1', '2'])
})
