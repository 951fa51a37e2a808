import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCustomer } from '../../support/customer.ts'
import { readWithPyIceberg } from '../../support/pyiceberg.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { TYPED_MODEL } from '../../support/typed-model.ts'
import { createWorkspace } from '../../support/workspace.ts'

function line(id: number, name: string, at: string): string {
  return `{"id": ${id}, "name": ${JSON.stringify(name)}, "total": ${id}.000000001, "ratio": 0.1, "ok": true, "day": "0001-01-01", "at": "${at}"}`
}

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

it('PyIceberg reads the same rows from the target, updated ones included', { timeout: 300_000 }, async () => {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  await workspace.writeModel('rows', TYPED_MODEL)
  await workspace.writeData(
    'rows.ndjson',
    [1, 2, 3].map(id => line(id, `né ${id}`, '2026-01-01T00:00:00.000001Z')).join('\n'),
  )
  expect(await workspace.cli('run', 'acme')).toMatchObject({ exitCode: 0 })
  await workspace.writeData('rows.ndjson', line(2, 'updated', '9999-12-31T23:59:59.999999Z'))
  expect(await workspace.cli('run', 'acme')).toMatchObject({ exitCode: 0 })
  const tables = await readWithPyIceberg(standIn, customer, ['rows'])

  const common = { ratio: '0.1', ok: 'true', day: '0001-01-01' }
  expect(tables.get('rows')?.toSorted((left, right) => Number(left.id) - Number(right.id))).toEqual([
    { ...common, id: '1', name: 'né 1', total: '1.000000001', at: '2026-01-01 00:00:00.000001' },
    { ...common, id: '2', name: 'updated', total: '2.000000001', at: '9999-12-31 23:59:59.999999' },
    { ...common, id: '3', name: 'né 3', total: '3.000000001', at: '2026-01-01 00:00:00.000001' },
  ])
  await workspace.remove()
})
