import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCustomer } from '../../support/customer.ts'
import { pythonWith } from '../../support/python.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace } from '../../support/workspace.ts'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('read_table.py', import.meta.url))
const PACKAGES = ['pyiceberg[glue,pyarrow]==0.12.0', 'boto3==1.44.8']

const MODEL = {
  files: { path: 'rows.ndjson' },
  primaryKey: ['id'],
  cursor: 'at',
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'name', type: 'string' },
    { name: 'total', type: 'decimal(38,9)' },
    { name: 'ratio', type: 'double' },
    { name: 'ok', type: 'boolean' },
    { name: 'day', type: 'date' },
    { name: 'at', type: 'timestamp' },
  ],
}

function line(id: number, name: string, at: string): string {
  return `{"id": ${id}, "name": ${JSON.stringify(name)}, "total": ${id}.000000001, "ratio": 0.1, "ok": true, "day": "0001-01-01", "at": "${at}"}`
}

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

it('PyIceberg reads the same rows from the target, updated ones included', { timeout: 300_000 }, async () => {
  const python = await pythonWith(PACKAGES)
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  await workspace.writeModel('rows', MODEL)
  await workspace.writeData(
    'rows.ndjson',
    [1, 2, 3].map(id => line(id, `né ${id}`, '2026-01-01T00:00:00.000001Z')).join('\n'),
  )
  expect(await workspace.cli('run', 'acme')).toMatchObject({ exitCode: 0 })
  await workspace.writeData('rows.ndjson', line(2, 'updated', '9999-12-31T23:59:59.999999Z'))
  expect(await workspace.cli('run', 'acme')).toMatchObject({ exitCode: 0 })
  const { accessKeyId, secretAccessKey } = await customer.createUser('reader')
  const args = [SCRIPT, standIn.url, customer.region, accessKeyId, secretAccessKey, `${customer.schema}.rows`]
  const { stdout } = await run(python, args, { timeout: 120_000 })
  const rows: { id: string }[] = stdout
    .trim()
    .split('\n')
    .map(text => JSON.parse(text))

  const common = { ratio: '0.1', ok: 'true', day: '0001-01-01' }
  expect(rows.sort((left, right) => Number(left.id) - Number(right.id))).toEqual([
    { ...common, id: '1', name: 'né 1', total: '1.000000001', at: '2026-01-01 00:00:00.000001' },
    { ...common, id: '2', name: 'updated', total: '2.000000001', at: '9999-12-31 23:59:59.999999' },
    { ...common, id: '3', name: 'né 3', total: '3.000000001', at: '2026-01-01 00:00:00.000001' },
  ])
  await workspace.remove()
})
