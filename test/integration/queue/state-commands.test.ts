import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCustomer } from '../../support/customer.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace } from '../../support/workspace.ts'

let redis: RunningRedis
let standIn: TestStandIn
beforeAll(async () => {
  redis = await startRedis()
  standIn = await startStandIn()
})
afterAll(() => Promise.all([redis.stop(), standIn.stop()]))

it('an operator sets a watermark, sees it and resets it; text that is no value of the cursor is refused', async () => {
  const workspace = await createWorkspace(standIn, await createCustomer(standIn), { redisUrl: redis.url })
  await workspace.writeModel('invoices', {
    files: { path: 'invoices.ndjson' },
    primaryKey: ['id'],
    cursor: 'at',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'at', type: 'timestamp' },
    ],
  })
  const show = async (): Promise<unknown> => JSON.parse((await workspace.cli('state', 'show', 'acme')).stdout)

  await workspace.cli('state', 'set', 'acme', 'invoices', '2026-01-31T12:00:00.5Z')
  expect(await show()).toEqual({ invoices: { watermark: '2026-01-31T12:00:00.500000Z' } })

  const refused = await workspace.cli('state', 'set', 'acme', 'invoices', '2026-02-30T12:00:00Z')
  expect(refused.exitCode).not.toBe(0)
  expect(refused.stderr).toContain('found "2026-02-30T12:00:00Z", expected a timestamp')

  await workspace.cli('state', 'reset', 'acme', 'invoices')
  expect(await show()).toEqual({ invoices: {} })
  await workspace.remove()
})
