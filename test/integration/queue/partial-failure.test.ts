import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { createCustomer } from '../../support/customer.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { startWorkerProcess } from '../../support/worker-process.ts'
import { createWorkspace, type Workspace } from '../../support/workspace.ts'

let standIn: TestStandIn
let redis: RunningRedis
beforeAll(async () => {
  standIn = await startStandIn()
  redis = await startRedis()
})
afterAll(async () => {
  await redis.stop()
  await standIn.stop()
})

const MODEL = {
  files: { path: 'rows.csv' },
  primaryKey: ['id'],
  columns: [{ name: 'id', type: 'bigint' }],
}

const viewSchema = z.object({
  transferId: z.string(),
  status: z.string(),
  retryOf: z.string().optional(),
  result: z.object({
    models: z.array(
      z.object({
        model: z.string(),
        status: z.string(),
        rejectedRowCount: z.number(),
        error: z.object({ code: z.string(), message: z.string() }).optional(),
      }),
    ),
  }),
})

async function view(workspace: Workspace, ...args: string[]) {
  const { stdout, stderr, exitCode } = await workspace.cli(...args)
  if (stdout === '') throw new Error(stderr)
  return { ...viewSchema.parse(JSON.parse(stdout)), exitCode }
}

it('one model definition that cannot be read fails alone; once corrected `retry` runs the failed models only', async () => {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer, { redisUrl: redis.url })
  await workspace.writeModel('good', MODEL)
  await workspace.writeModel('wrong_rows', { ...MODEL, files: { path: 'wrong.csv' } })
  await writeFile(`${workspace.folder}/models/broken.yaml`, 'columns: [\n')
  await workspace.writeData('rows.csv', 'id\n1\n2\n')
  await workspace.writeData('wrong.csv', 'id\n1\nx\n')
  const firstWorker = await startWorkerProcess(workspace)
  const first = await view(workspace, 'enqueue', 'acme', '--wait')
  const { stdout: rejected } = await workspace.cli('rejected', first.transferId, 'wrong_rows')
  const log = await firstWorker.stop()
  await workspace.writeModel('broken', MODEL)
  await workspace.writeData('wrong.csv', 'id\n1\n')
  const secondWorker = await startWorkerProcess(workspace)
  const second = await view(workspace, 'retry', first.transferId, '--wait')
  const refused = await workspace.cli('retry', second.transferId, '--json')
  await secondWorker.stop()

  expect(first).toMatchObject({ status: 'PARTIAL_FAILURE', exitCode: 5 })
  expect(first.result.models).toMatchObject([
    { model: 'good', status: 'SUCCESS' },
    { model: 'wrong_rows', status: 'ERROR', rejectedRowCount: 1, error: { code: 'ROW_INVALID' } },
    { model: 'broken', status: 'ERROR', error: { code: 'CONFIG_INVALID' } },
  ])
  expect(first.result.models[2]?.error?.message).toContain('models/broken.yaml: not readable as YAML')
  expect(JSON.parse(rejected)).toMatchObject({ table: 'wrong_rows', line: 3, column: 'id', value: 'x' })
  expect(log).toMatch(/models\/broken\.yaml: not readable as YAML.*a model cannot be transferred/)
  expect(second).toMatchObject({ status: 'SUCCESS', retryOf: first.transferId, exitCode: 0 })
  expect(second.result.models.map(({ model }) => model)).toEqual(['wrong_rows', 'broken'])
  expect(refused.exitCode).toBe(3)
  expect(refused.stderr).toContain('RETRY_REFUSED')
  await workspace.remove()
})

it('`run` loads the other models, too', async () => {
  const workspace = await createWorkspace(standIn, await createCustomer(standIn))
  await workspace.writeModel('good', MODEL)
  await workspace.writeModel('broken', { ...MODEL, primaryKey: ['nope'] })
  await workspace.writeData('rows.csv', 'id\n1\n2\n')
  const { stdout, exitCode } = await workspace.cli('run', 'acme')

  expect(exitCode).toBe(5)
  expect(JSON.parse(stdout).models).toMatchObject([
    { model: 'good', status: 'SUCCESS', rowCount: 2 },
    {
      model: 'broken',
      error: { code: 'CONFIG_INVALID', message: expect.stringContaining('no column is named "nope"') },
    },
  ])
  await workspace.remove()
})

it('a misspelt column type fails its model alone, and the error suggests the type that is meant', async () => {
  const workspace = await createWorkspace(standIn, await createCustomer(standIn))
  await workspace.writeModel('good', MODEL)
  await workspace.writeModel('overrides', {
    ...MODEL,
    columns: [...MODEL.columns, { name: 'created_at', type: 'timestmap' }],
  })
  await workspace.writeData('rows.csv', 'id,created_at\n1,2026-01-01T00:00:00Z\n')
  const { stdout, exitCode } = await workspace.cli('run', 'acme')

  expect(exitCode).toBe(5)
  expect(JSON.parse(stdout).models).toMatchObject([
    { model: 'good', status: 'SUCCESS', rowCount: 1 },
    { model: 'overrides', status: 'ERROR', error: { code: 'CONFIG_INVALID', owner: 'operator' } },
  ])
  expect(JSON.parse(stdout).models[1].error.message).toMatch(
    /models\/overrides\.yaml: columns\[1\]\.type: unknown column type "timestmap" \(did you mean "timestamp"\?\); expected one of/,
  )
  await workspace.remove()
})
