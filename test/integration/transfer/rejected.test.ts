import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createOutput } from '../../../src/cli/output.ts'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../../support/workspace.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

const INVOICES = {
  files: { path: 'invoices.csv' },
  primaryKey: ['Id'],
  columns: [
    { name: 'Id', type: 'bigint' },
    { name: 'Total', type: 'decimal(10,2)' },
  ],
}

const CSV = 'Id,Total\n1,1.50\n2,"12,5"\n3,3\n4,a\u2028b\n'

const REJECTED = [
  { line: 3, column: 'Total', value: '12,5', reason: 'is not a decimal(10,2)' },
  { line: 5, column: 'Total', value: 'a\u2028b', reason: 'is not a decimal(10,2)' },
].map(row => ({ table: 'invoices', file: expect.stringMatching(/invoices\.csv$/), ...row }))

async function setUp(rejectedRows: object): Promise<{ customer: Customer; workspace: Workspace }> {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  await workspace.writeModel('Invoices', { ...INVOICES, rejectedRows })
  await workspace.writeData('invoices.csv', CSV)
  return { customer, workspace }
}

const resultSchema = z.object({
  transferId: z.string(),
  status: z.string(),
  models: z.array(
    z.object({
      rowCount: z.number(),
      rejectedRowCount: z.number(),
      error: z.object({ code: z.string(), message: z.string() }).optional(),
    }),
  ),
})

async function run(workspace: Workspace) {
  const { stdout, stderr } = await workspace.cli('run', 'acme')
  if (stdout === '') throw new Error(stderr)
  return resultSchema.parse(JSON.parse(stdout))
}

async function rejected(workspace: Workspace, ...args: string[]): Promise<unknown[]> {
  const { stdout, stderr, exitCode } = await workspace.cli('rejected', ...args, '--destination', 'acme')
  if (exitCode !== 0) throw new Error(stderr)
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

async function ids(workspace: Workspace): Promise<unknown> {
  const { stdout } = await workspace.cli(
    'query',
    'acme',
    'SELECT id FROM "acme_export"."invoices" ORDER BY id',
  )
  return JSON.parse(stdout).rows
}

async function stagedKeys(customer: Customer): Promise<readonly (string | undefined)[]> {
  const { S3 } = await import('@aws-sdk/client-s3')
  const credentials = await customer.createUser('looker')
  const s3 = new S3({ region: customer.region, endpoint: standIn.url, credentials, forcePathStyle: true })
  const page = await s3.listObjectsV2({ Bucket: customer.bucket, Prefix: `${customer.schema}/staging/` })
  return (page.Contents ?? []).map(({ Key }) => Key)
}

it('within the limit the other rows arrive, and `rejected` prints those that do not fit', async () => {
  const { workspace } = await setUp({ maxShare: 0.5 })
  const result = await run(workspace)

  expect(result).toMatchObject({ status: 'SUCCESS', models: [{ rowCount: 2, rejectedRowCount: 2 }] })
  expect(await ids(workspace)).toEqual([['1'], ['3']])
  expect(await rejected(workspace, result.transferId)).toEqual(REJECTED)
  expect(await rejected(workspace, result.transferId, 'Invoices')).toEqual(REJECTED)
  await workspace.remove()
})

it('past the limit no row arrives, no staged file stays, and `rejected` prints the rows all the same', async () => {
  const { customer, workspace } = await setUp({ maxShare: 0.25 })
  await workspace.writeData('invoices-2.csv', 'Id,Total\n5,5\n')
  await workspace.writeModel('Invoices', {
    ...INVOICES,
    files: { path: 'invoices*.csv' },
    rejectedRows: { maxShare: 0.25 },
  })
  const result = await run(workspace)

  expect(result).toMatchObject({
    status: 'ERROR',
    models: [{ rowCount: 0, rejectedRowCount: 2, error: { code: 'ROW_INVALID' } }],
  })
  expect(result.models[0]?.error?.message).toMatch(
    /invoices\.csv line 3, column "Total": "12,5" is not a decimal\(10,2\)[\s\S]*\(2 of 5 rows do not fit/,
  )
  expect(await rejected(workspace, result.transferId)).toEqual(REJECTED)
  expect(await stagedKeys(customer)).toEqual([])
  const query = await workspace.cli('query', 'acme', 'SELECT id FROM "acme_export"."invoices"')
  expect(query.stderr).toMatch(/does not exist/)
  await workspace.remove()
})

it('a decimal with a comma between semicolons: an error, and the rows that were there stay alone', async () => {
  const { workspace } = await setUp({})
  await workspace.writeModel('Invoices', {
    ...INVOICES,
    files: { path: 'invoices.csv', csv: { delimiter: ';' } },
  })
  await workspace.writeData('invoices.csv', 'Id;Total\n1;1.50\n')
  const first = await run(workspace)
  await workspace.writeData('invoices.csv', 'Id;Total\n1;9\n2;12,5\n3;3\n')
  const second = await run(workspace)

  expect(first.status).toBe('SUCCESS')
  expect(second).toMatchObject({ status: 'ERROR', models: [{ error: { code: 'ROW_INVALID' } }] })
  expect(second.models[0]?.error?.message).toMatch(
    /invoices\.csv line 3, column "Total": "12,5" is not a decimal\(10,2\)/,
  )
  expect(await ids(workspace)).toEqual([['1']])
  await workspace.remove()
})

it('`rejected` says which models a transfer has, and prints nothing for one without rejected rows', async () => {
  const { workspace } = await setUp({})
  await workspace.writeData('invoices.csv', 'Id,Total\n1,1\n')
  const { transferId } = await run(workspace)
  const wrong = await workspace.cli('rejected', transferId, 'orders', '--destination', 'acme')

  expect(await rejected(workspace, transferId)).toEqual([])
  expect(wrong.exitCode).toBe(2)
  expect(wrong.stderr).toContain(`transfer ${transferId} has no model "orders"; it has: Invoices`)
  await workspace.remove()
})

it('on a terminal rows of any number are a table of the first 1,000', async () => {
  let shown = ''
  const stdout = { isTTY: true, write: (text: string) => (shown += text) }
  const output = createOutput({ stdout, stderr: { write: () => true } }, { json: false })
  async function* rows() {
    for (let row = 0; ; row++) yield row
  }
  await output.rows(rows(), (first, hasMore) => `${first.length} ${first.at(-1)} ${hasMore}`)

  expect(shown).toBe('1000 999 true\n')
})
