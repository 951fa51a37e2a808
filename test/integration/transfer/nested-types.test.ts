import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../../support/workspace.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

const MODEL = {
  files: { path: 'orders.ndjson' },
  primaryKey: ['id'],
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'prices', type: 'map<string, struct<amount: decimal(10,2), since: timestamp>>' },
    { name: 'flags', type: 'list<map<string, double>>' },
  ],
}

const resultSchema = z.object({ models: z.tuple([z.object({ changedRowCount: z.number() })]) })

/** Rows changed by a transfer of these lines. */
async function changedBy(workspace: Workspace, ...lines: readonly string[]): Promise<number> {
  await workspace.writeData('orders.ndjson', lines.join('\n'))
  const { stdout, stderr, exitCode } = await workspace.cli('run', 'acme')
  if (exitCode !== 0) throw new Error(`${stdout}${stderr}`)
  return resultSchema.parse(JSON.parse(stdout)).models[0].changedRowCount
}

const ROW =
  '{"id":1,"prices":{"EUR":{"amount":1.5,"since":"0001-01-01"},"USD":null},"flags":[{"a":"NaN","b":null},null,{}]}'
const SAME_IN_OTHER_WORDS =
  '{"flags":[{"b":null,"a":"nan"},null,{}],"prices":{"USD":null,"EUR":{"since":"0001-01-01T00:00:00Z","amount":"1.50"}},"id":1}'

it('leaves a row alone whose nested values are equal already, whatever the order of entries and members', async () => {
  const workspace = await createWorkspace(standIn, await createCustomer(standIn))
  await workspace.writeModel('orders', MODEL)

  expect(await changedBy(workspace, ROW)).toBe(1)
  expect(await changedBy(workspace, ROW)).toBe(0)
  expect(await changedBy(workspace, SAME_IN_OTHER_WORDS)).toBe(0)
  await workspace.remove()
})

it.each([
  ['a timestamp deep inside', '0001-01-01', '0001-01-01T00:00:00.000001'],
  ['an entry that becomes NULL', '{"amount":1.5,"since":"0001-01-01"}', 'null'],
  ['an empty map that becomes NULL', ',{}]', ',null]'],
  ['a list with one element less', ',null,{}]', ',{}]'],
])('updates a row for %s', async (_, before, after) => {
  const workspace = await createWorkspace(standIn, await createCustomer(standIn))
  await workspace.writeModel('orders', MODEL)
  await changedBy(workspace, ROW)

  expect(await changedBy(workspace, ROW.replace(before, after))).toBe(1)
  await workspace.remove()
})
