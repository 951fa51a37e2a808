/**
 * The whole product on this machine: Redis, the stand-in of AWS, a customer with the contract's policy, a worker, a
 * first transfer and an incremental one. `--stay` leaves the dashboard open,
 * `--engine trino` runs the statements in a real Trino.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { describeTransfer, progressBar, table } from '../../src/cli/output.ts'
import { createTransferQueue, type TransferQueue } from '../../src/index.ts'
import { createCustomer } from '../support/customer.ts'
import { freePort, startRedis } from '../support/redis.ts'
import { startStandIn } from '../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../support/workspace.ts'
import { BILLING_MODELS, writeFirstDay, writeSecondDay } from './billing-data.ts'
import { describeActions, describeStatements } from './what-happened.ts'

/** Longest wait for one transfer, in milliseconds. */
const TRANSFER_LIMIT_MS = 120_000

const startedMs = performance.now()
const { values: options } = parseArgs({
  options: { stay: { type: 'boolean', default: false }, engine: { type: 'string', default: 'duckdb' } },
})
const engine = z.enum(['duckdb', 'trino']).parse(options.engine)
const say = (text: string): void => console.log(`\n${text}`)

say(`Starting Redis and the stand-in of AWS, statements run in ${engine}`)
const redis = await startRedis()
const standIn = await startStandIn(engine)

say("Setting the customer up: bucket, role, the contract's policy")
const customer = await createCustomer(standIn)
const workspace = await createWorkspace(standIn, customer, { redisUrl: redis.url })
for (const [name, model] of Object.entries(BILLING_MODELS)) await workspace.writeModel(name, model)

const password = randomBytes(9).toString('base64url')
const port = await freePort()
const worker = startWorker(workspace, { port, password })
const queue = await createTransferQueue({ redisUrl: redis.url })
let exitCode = 1
try {
  say('First transfer: 210,000 generated rows of three billing models')
  await writeFirstDay(`${workspace.folder}/data`)
  const first = await transfer(queue)
  say('Incremental transfer: one row in twenty changed, one in a hundred is new')
  await writeSecondDay(`${workspace.folder}/data`)
  const second = await transfer(queue)
  say("What the customer sees, through Athena's API")
  const sql = `SELECT i.status, count(*) AS invoices, sum(i.total) AS total FROM "${customer.schema}"."invoices" AS i GROUP BY i.status ORDER BY i.status`
  await show(workspace, sql)
  await show(workspace, `SELECT * FROM "${customer.schema}"."_transfer_status" ORDER BY data_model_name`)
  say('Statements run')
  const { text: statements, loadsPerModel } = await describeStatements(standIn, customer, [first, second])
  console.log(statements)
  say('IAM actions used, against those granted')
  const { text: actions, deniedCount } = await describeActions(standIn, customer)
  console.log(actions)
  const succeeded = [first, second].every(({ status }) => status === 'SUCCESS')
  exitCode = succeeded && deniedCount === 0 && loadsPerModel === 1 ? 0 : 1
  say(
    `Done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s, ${deniedCount} calls denied, ${loadsPerModel} load statement a model`,
  )
  if (options.stay) await stayOpen()
} finally {
  await queue.close()
  worker.kill('SIGTERM')
  await once(worker, 'exit')
  await standIn.stop()
  await redis.stop()
  await workspace.remove()
}
process.exit(exitCode)

function startWorker({ env }: Workspace, http: { readonly port: number; readonly password: string }) {
  return spawn(process.execPath, ['src/main.ts', 'worker'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...env,
      ATHENA_TRANSFER_HTTP_PORT: String(http.port),
      ATHENA_TRANSFER_DASHBOARD_PASSWORD: 'env:DASHBOARD_PASSWORD',
      DASHBOARD_PASSWORD: http.password,
    },
  })
}

async function transfer(queue: TransferQueue) {
  const { transferId } = await queue.enqueue({ destination: 'acme' })
  const view = await queue.waitUntilFinished(transferId, {
    signal: AbortSignal.timeout(TRANSFER_LIMIT_MS),
    onProgress: ({ models }) => {
      const done = models.filter(model => model.result).length
      const rows = models.reduce(
        (sum, { result, progress }) => sum + (result?.rowCount ?? progress?.rowCount ?? 0),
        0,
      )
      if (process.stdout.isTTY)
        process.stdout.write(`\r${progressBar(done, models.length)} ${rows} rows staged `)
    },
  })
  if (!view.result) throw new Error(`transfer ${transferId} ended ${view.status}: ${view.failedReason}`)
  console.log(`${process.stdout.isTTY ? '\r\u001b[K' : ''}${describeTransfer(view.result)}`)
  return view.result
}

async function show({ cli }: Workspace, sql: string): Promise<void> {
  const { exitCode: code, stdout, stderr } = await cli('query', 'acme', sql)
  if (code !== 0) throw new Error(`query failed: ${stderr}`)
  const { columns, rows }: { columns: string[]; rows: string[][] } = JSON.parse(stdout)
  console.log(`${sql}\n${table(columns, rows)}`)
}

async function stayOpen(): Promise<void> {
  say(`Dashboard: http://127.0.0.1:${port}/dashboard (user operator, password ${password}). End with Ctrl-C.`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}
