import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../../support/workspace.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

const INVOICES = {
  files: { path: 'invoices.ndjson' },
  primaryKey: ['Id'],
  cursor: 'UpdatedAt',
  columns: [
    { name: 'Id', type: 'bigint' },
    { name: 'Customer', type: 'string', description: "the customer's name" },
    { name: 'Total', type: 'decimal(38,9)' },
    { name: 'UpdatedAt', type: 'timestamp' },
  ],
}

const FIRST = [
  '{"Id": 1, "Customer": "Luís", "Total": 12345678901234567.890000001, "UpdatedAt": "2026-01-01T00:00:00.000001Z"}',
  '{"Id": 2, "Customer": null, "Total": 2, "UpdatedAt": "2026-01-01T00:00:00Z"}',
  '{"Id": 2, "Customer": "later row of the same key", "Total": 3, "UpdatedAt": "2026-01-01T00:00:00Z"}',
].join('\n')

async function setUp(): Promise<{ customer: Customer; workspace: Workspace }> {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  await workspace.writeModel('invoices', INVOICES)
  await workspace.writeData('invoices.ndjson', FIRST)
  return { customer, workspace }
}

const resultSchema = z.object({
  status: z.string(),
  models: z.array(
    z.object({
      rowCount: z.number(),
      changedRowCount: z.number(),
      error: z
        .object({ code: z.string(), message: z.string(), owner: z.string(), hint: z.string() })
        .optional(),
    }),
  ),
})

async function run(workspace: Workspace) {
  const { stdout, stderr, exitCode } = await workspace.cli('run', 'acme')
  if (stdout === '') throw new Error(stderr)
  return { ...resultSchema.parse(JSON.parse(stdout)), exitCode }
}

const rowsSchema = z.object({ rows: z.array(z.array(z.string().nullable())) })

async function select(workspace: Workspace, sql: string) {
  const { stdout, stderr } = await workspace.cli('query', 'acme', sql)
  if (stdout === '') throw new Error(stderr)
  return rowsSchema.parse(JSON.parse(stdout)).rows
}

it('loads rows exactly, once for each key, and changes nothing the second time', async () => {
  const { workspace } = await setUp()
  const first = await run(workspace)
  const rows = await select(
    workspace,
    'SELECT id, customer, total, updatedat FROM "acme_export"."invoices" ORDER BY id',
  )
  const second = await run(workspace)

  expect(first).toMatchObject({
    status: 'SUCCESS',
    exitCode: 0,
    models: [{ rowCount: 3, changedRowCount: 2 }],
  })
  expect(rows).toEqual([
    ['1', 'Luís', '12345678901234567.890000001', '2026-01-01 00:00:00.000001'],
    ['2', 'later row of the same key', '3.000000000', '2026-01-01 00:00:00.000000'],
  ])
  expect(second).toMatchObject({ status: 'SUCCESS', models: [{ rowCount: 3, changedRowCount: 0 }] })
  await workspace.remove()
})

it('a newer row updates, an older one does not', async () => {
  const { workspace } = await setUp()
  await run(workspace)
  await workspace.writeData(
    'invoices.ndjson',
    [
      '{"Id": 1, "Customer": "newer", "Total": 1, "UpdatedAt": "2026-01-02T00:00:00Z"}',
      '{"Id": 2, "Customer": "older", "Total": 1, "UpdatedAt": "2025-12-31T00:00:00Z"}',
      '{"Id": 3, "Customer": "new", "Total": 1, "UpdatedAt": "2026-01-02T00:00:00Z"}',
    ].join('\n'),
  )
  await run(workspace)

  expect(await select(workspace, 'SELECT id, customer FROM "acme_export"."invoices" ORDER BY id')).toEqual([
    ['1', 'newer'],
    ['2', 'later row of the same key'],
    ['3', 'new'],
  ])
  await workspace.remove()
})

it('adds a column that the model gains; existing rows read NULL in it', async () => {
  const { workspace } = await setUp()
  await run(workspace)
  await workspace.writeModel('invoices', {
    ...INVOICES,
    columns: [...INVOICES.columns, { name: 'Note', type: 'string' }],
  })
  await workspace.writeData('invoices.ndjson', '{"Id": 9, "Note": "n", "UpdatedAt": "2026-01-02T00:00:00Z"}')
  await run(workspace)

  expect(await select(workspace, 'SELECT id, note FROM "acme_export"."invoices" ORDER BY id')).toEqual([
    ['1', null],
    ['2', null],
    ['9', 'n'],
  ])
  await workspace.remove()
})

it('tells the customer in _transfer_status when each model was transferred', async () => {
  const { workspace } = await setUp()
  await run(workspace)
  const sql = 'SELECT data_model_name, transfer_last_updated_at FROM "acme_export"."_transfer_status"'
  const [before] = await select(workspace, sql)
  await run(workspace)
  const [after] = await select(workspace, sql)

  expect(before?.[0]).toBe('invoices')
  expect(String(after?.[1]) > String(before?.[1])).toBe(true)
  await workspace.remove()
})

it('leaves no staging table and no staged file behind', async () => {
  const { customer, workspace } = await setUp()
  await run(workspace)
  const keys = await customer.createUser('looker')
  const { S3 } = await import('@aws-sdk/client-s3')
  const { Glue } = await import('@aws-sdk/client-glue')
  const common = { region: customer.region, endpoint: standIn.url, credentials: keys }
  const objects = await new S3({ ...common, forcePathStyle: true }).listObjectsV2({
    Bucket: customer.bucket,
    Prefix: `${customer.schema}/staging/`,
  })
  const tables = await new Glue(common).getTables({ DatabaseName: customer.schema })

  expect(objects.KeyCount).toBe(0)
  expect(tables.TableList?.map(table => table.Name)).toEqual(['_transfer_status', 'invoices'])
  await workspace.remove()
})

it('nothing of a model with a row that does not fit becomes visible, and the error names file, line, column, value and why', async () => {
  const { workspace } = await setUp()
  await run(workspace)
  await workspace.writeData(
    'invoices.ndjson',
    '{"Id": 5, "UpdatedAt": "2026-01-02T00:00:00Z"}\n{"Id": 6, "Total": "12,5"}',
  )
  const result = await run(workspace)

  expect(result).toMatchObject({ status: 'ERROR', exitCode: 3 })
  expect(result.models[0]?.error?.message).toContain(
    'invoices.ndjson line 2, column "Total": "12,5" is not a decimal(38,9)',
  )
  expect(await select(workspace, 'SELECT count(*) FROM "acme_export"."invoices"')).toEqual([['2']])
  await workspace.remove()
})

it.each([
  's3:PutObject',
  'glue:CreateTable',
  'glue:CreateDatabase',
  'athena:StartQueryExecution',
  'glue:GetTable',
])("without %s the error names action and resource, the customer's move and what to paste", async action => {
  const { customer, workspace } = await setUp()
  await customer.setPolicy({
    ...customer.policy,
    Statement: customer.policy.Statement.map(statement => ({
      ...statement,
      Action: statement.Action.filter(granted => granted !== action),
    })),
  })
  const { models, exitCode } = await run(workspace)
  const error = models[0]?.error

  expect(exitCode).toBe(4)
  expect(error).toMatchObject({ code: 'ACCESS_DENIED', owner: 'customer' })
  expect(error?.message).toContain(`does not allow ${action} on arn:aws:`)
  expect(error?.hint).toMatch(new RegExp(`adds this statement .*"${action}"`))
  await workspace.remove()
})

it("a role that does not trust us is the customer's move", async () => {
  const { customer, workspace } = await setUp()
  const { writeFile } = await import('node:fs/promises')
  await writeFile(
    `${workspace.folder}/identity-token`,
    await customer.mintToken({ audience: 'https://somebody.else' }),
  )
  const { models } = await run(workspace)

  expect(models[0]?.error).toMatchObject({ code: 'ROLE_NOT_ASSUMABLE', owner: 'customer' })
  await workspace.remove()
})

it('no action is used that the policy does not grant', async () => {
  const { customer, workspace } = await setUp()
  await standIn.clearAudit()
  await run(workspace)
  const denied = (await standIn.audit({ accountId: customer.accountId })).filter(entry => !entry.allowed)

  expect(denied).toEqual([])
  await workspace.remove()
})
