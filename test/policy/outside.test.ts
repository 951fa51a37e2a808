import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startStandIn, type TestStandIn } from '../support/stand-in.ts'
import { report } from './report.ts'
import { errorOf, setScene } from './scenario.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

it('StopQueryExecution is asked for, refused and survived: the query is watched to its end', async () => {
  const { customer, workspace } = await setScene(standIn)
  await standIn.setFault({ name: 'athena.query.slow', delayMs: 3000 })
  process.env.ATHENA_TRANSFER_QUERY_TIMEOUT_MS = '1000'
  const outcome = await workspace.cli('query', 'acme', 'SELECT 1 AS one')
  delete process.env.ATHENA_TRANSFER_QUERY_TIMEOUT_MS
  const entries = await standIn.audit({ accountId: customer.accountId })
  const stop = entries.findIndex(entry => entry.action === 'athena:StopQueryExecution')
  const looks = entries.slice(stop).filter(entry => entry.action === 'athena:GetQueryExecution')
  report(`athena:StopQueryExecution: asked, refused, survived (${looks.length} looks after it)`)

  expect(errorOf(outcome)).toBeUndefined()
  expect(entries[stop]?.allowed).toBe(false)
  expect(looks.length).toBeGreaterThan(0)
  await workspace.remove()
})

it('AbortMultipartUpload is asked for, refused and survived: the first error is the one that is told', async () => {
  const { customer, workspace } = await setScene(standIn)
  const rows = Array.from(
    { length: 200_000 },
    (_, id) =>
      `{"Id": ${id}, "Customer": "${randomBytes(60).toString('base64')}", "UpdatedAt": "2026-01-01T00:00:00Z"}`,
  )
  await workspace.writeData('invoices.ndjson', rows.join('\n'))
  await standIn.setFault({ name: 's3.UploadPart.500', times: 100, match: customer.bucket })
  const error = errorOf(await workspace.cli('run', 'acme'))
  await standIn.clearFaults()
  const aborts = await standIn.audit({ accountId: customer.accountId, action: 's3:AbortMultipartUpload' })
  const second = errorOf(await workspace.cli('run', 'acme'))
  report(`s3:AbortMultipartUpload: asked, refused, survived; told instead: ${error?.code}: ${error?.message}`)

  expect(aborts.map(entry => entry.allowed)).toContain(false)
  expect(error?.code).toBe('AWS_UNAVAILABLE')
  expect(error?.message).toContain('UploadPart')
  expect(second).toBeUndefined()
  await workspace.remove()
})
