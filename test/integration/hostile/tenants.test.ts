import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { compose } from '../../../src/cli/compose.ts'
import { destinationNamed, loadConfig, modelNamed } from '../../../src/config/load-config.ts'
import { readSettings } from '../../../src/config/settings.ts'
import { toTransferError } from '../../../src/domain/errors.ts'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis } from '../../../src/queue/connection.ts'
import type { TransferRequest } from '../../../src/queue/enqueue-transfer.ts'
import { createModelStateStore } from '../../../src/queue/model-state-store.ts'
import { createTransferQueue, type TransferQueue } from '../../../src/queue/transfer-queue.ts'
import { createMemoryJournal } from '../../../src/transfer/journal.ts'
import { NO_STATES } from '../../../src/transfer/model-state.ts'
import { transferModel } from '../../../src/transfer/transfer-model.ts'
import { type AthenaUser, createAthenaUser } from '../../support/athena-user.ts'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { until } from '../../support/queue-under-test.ts'
import { freePort, type RunningRedis, startRedis } from '../../support/redis.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../../support/workspace.ts'
import { touchEveryStore } from './every-store.ts'

let standIn: TestStandIn
let redis: RunningRedis
let acme: Customer
let beta: Customer
let workspace: Workspace
let queue: TransferQueue
let worker: ChildProcess
let betaUser: AthenaUser
let ofBeta = ''

/** The worst case: one token of the service is good for both roles, so nothing but the configuration keeps them apart. */
const AUDIENCE = 'https://transfer.example/everybody'

const ROWS = {
  ...{ files: { path: '*.csv' }, primaryKey: ['id'], cursor: 'id', rejectedRows: { maxCount: 10 } },
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'note', type: 'string' },
  ],
}

beforeAll(async () => {
  standIn = await startStandIn()
  redis = await startRedis()
  process.env.AWS_ENDPOINT_URL = standIn.url
  acme = await createCustomer(standIn, {
    audience: AUDIENCE,
    schema: 'acme_export',
    database: 'acme_results',
  })
  beta = await createCustomer(standIn, {
    audience: AUDIENCE,
    schema: 'beta_export',
    database: 'beta_results',
  })
  workspace = await createWorkspace(standIn, acme, { redisUrl: redis.url })
  const { folder } = workspace
  await writeFile(join(folder, 'destinations/acme.yaml'), destinationOf(acme, { models: ['rows', 'mine'] }))
  await writeFile(join(folder, 'destinations/beta.yaml'), destinationOf(beta, { models: ['rows', 'theirs'] }))
  await workspace.writeModel('rows', ROWS)
  await workspace.writeModel('mine', ROWS)
  await workspace.writeModel('theirs', ROWS)
  await workspace.writeData('a.csv', 'id,note\n1,a\nthe secret,b\n')
  worker = spawn(process.execPath, ['src/main.ts', 'worker'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...workspace.env, ATHENA_TRANSFER_HTTP_PORT: String(await freePort()) },
  })
  queue = await createTransferQueue({ redisUrl: redis.url })
  betaUser = await createAthenaUser(standIn, beta)
  ofBeta = (await queue.enqueue({ destination: 'beta' })).transferId
  const loaded = await queue.waitUntilFinished(ofBeta, { signal: AbortSignal.timeout(60_000) })
  expect(loaded).toMatchObject({ status: 'SUCCESS' })
})
beforeEach(() => standIn.clearAudit())
afterAll(async () => {
  await queue.close()
  worker.kill('SIGTERM')
  await once(worker, 'exit')
  await Promise.all([standIn.stop(), redis.stop(), workspace.remove()])
})

function destinationOf(customer: Customer, more: object = {}): string {
  const { bucket, region, database, schema, workgroup, roleArn, audience } = customer
  const access = { type: 'web-identity', roleArn, audience }
  return stringify({ bucket, region, database, schema, workgroup, access, ...more })
}

/** Calls that reached what is another's: those of one customer's identities on the other's bucket or account that were allowed. */
async function crossings(): Promise<readonly string[]> {
  const isOf = (customer: Customer, text: string) =>
    text.includes(customer.accountId) || text.includes(customer.bucket)
  return (await standIn.audit())
    .filter(({ allowed, callerArn, resource }) =>
      [
        [acme, beta],
        [beta, acme],
      ].some(
        ([one, other]) =>
          allowed &&
          one !== undefined &&
          other !== undefined &&
          callerArn.includes(`:${one.accountId}:`) &&
          isOf(other, resource),
      ),
    )
    .map(({ callerArn, action, resource }) => `${callerArn} ${action} ${resource}`)
}

/** Whether anything was asked in a customer's name. */
async function callsOf({ accountId }: Customer): Promise<number> {
  return (await standIn.audit()).filter(({ callerArn }) => callerArn.includes(`:${accountId}:`)).length
}

const whatBetaHas = async () => ({
  rows: await betaUser.sql('SELECT id, note FROM rows ORDER BY id'),
  keys: (await betaUser.s3.listObjectsV2({ Bucket: beta.bucket, Prefix: `${beta.schema}/` })).Contents?.map(
    ({ Key }) => Key,
  ),
})

/** Enqueues and waits for the end; the error of a request that is refused at once. */
async function outcomeOf(request: object): Promise<string> {
  try {
    const { transferId } = await queue.enqueue(request as TransferRequest)
    const view = await queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(60_000) })
    return JSON.stringify(view)
  } catch (thrown) {
    const { code, message, details } = toTransferError(thrown)
    return JSON.stringify({ status: 'REFUSED', code, message, details })
  }
}

it('two customers’ transfers of one model touch only what is their own', async () => {
  const request = { models: ['rows'], type: 'full-refresh' }
  const both = await Promise.all(['acme', 'beta'].map(destination => outcomeOf({ ...request, destination })))

  for (const outcome of both) expect(outcome).toContain('"status":"SUCCESS"')
  expect(await callsOf(acme)).toBeGreaterThan(5)
  expect(await callsOf(beta)).toBeGreaterThan(5)
  expect(await crossings()).toEqual([])
})

it.each<[string, object]>([
  ['a model of the other', { models: ['theirs'] }],
  ['a model of the other in other letters', { models: ['Theirs'] }],
  ['a model by a path', { models: ['../models/theirs', 'theirs.yaml'] }],
  ['a destination that holds both names', { destination: 'acme:beta' }],
  ['a destination by a path', { destination: 'acme/../beta' }],
  ['a destination in other letters', { destination: 'BETA' }],
  ['a destination with a separator of keys', { destination: 'beta:rows' }],
  ['a destination with a space', { destination: 'beta ' }],
  ['a destination with a letter that looks like another', { destination: 'bеta' }],
  ['a destination with a NUL', { destination: 'beta\0' }],
  ['a destination that nobody has', { destination: 'gamma' }],
  ['a destination of JavaScript’s own', { destination: 'constructor' }],
  ['members that are no request’s', { bucket: 'x', roleArn: 'arn:aws:iam::1:role/x', source: 's3://x/' }],
  [
    'a payload’s own members',
    { fannedOut: { at: new Date(0).toISOString(), models: ['theirs'] }, retryOf: 'x' },
  ],
])('a request with %s is refused, and nothing is asked of AWS in the other’s name', async (_, request) => {
  const outcome = await outcomeOf({ destination: 'acme', ...request })

  expect(outcome).toMatch(/"status":"(ERROR|REFUSED)"/)
  expect(outcome).toMatch(/JOB_INVALID|CONFIG_INVALID/)
  expect(outcome).not.toContain(beta.bucket)
  expect(outcome).not.toContain(beta.accountId)
  expect(await callsOf(beta)).toBe(0)
})

it('an id that is the other’s transfer is nobody else’s: not to enqueue, to merge with, to retry as, or to hide', async () => {
  const before = await queue.status(ofBeta)
  const requests: object[] = [
    { models: ['rows'] },
    { models: ['rows'], whenBusy: 'merge' },
    { models: ['rows'], priority: 1 },
    { window: { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' } },
  ]
  for (const request of requests)
    expect(await outcomeOf({ destination: 'acme', transferId: ofBeta, ...request })).toMatch(/"JOB_INVALID"/)
  const failed = await queue.enqueue({ destination: 'acme', models: ['theirs'] })
  await queue.waitUntilFinished(failed.transferId, { signal: AbortSignal.timeout(60_000) })

  await expect(queue.retry(failed.transferId, { transferId: ofBeta })).rejects.toMatchObject({
    code: 'JOB_INVALID',
    message: `transfer id ${ofBeta} is that of another destination's transfer`,
  })
  expect(await queue.status(ofBeta)).toEqual(before)
  const ofAcme = await queue.list({ destination: 'acme', limit: 1000 })
  expect(ofAcme.every(({ destination }) => destination === 'acme')).toBe(true)
  expect(await callsOf(beta)).toBe(0)
})

it('of two that give one id at once one has it, and the models of the other are not run with its', async () => {
  for (let round = 0; round < 5; round++) {
    const transferId = newTransferId()
    const names = ['acme', 'beta', 'acme', 'beta']
    const outcomes = await Promise.allSettled(
      names.map(destination =>
        queue.enqueue({ destination, transferId, models: [destination === 'acme' ? 'mine' : 'theirs'] }),
      ),
    )
    const owners = new Set(names.filter((_, index) => outcomes[index]?.status === 'fulfilled'))
    const view = await queue.waitUntilFinished(transferId, { signal: AbortSignal.timeout(60_000) })

    expect(owners).toEqual(new Set([view.destination]))
    expect(view).toMatchObject({ status: 'SUCCESS' })
    expect(view.models.map(({ model }) => model)).toEqual([view.destination === 'acme' ? 'mine' : 'theirs'])
  }
  expect(await crossings()).toEqual([])
})

it('`rejected`, `state` and `query` of one customer tell, change and run nothing of the other’s', async () => {
  const connection = await connectRedis({ redisUrl: redis.url, prefix: 'athena-transfer' })
  const states = createModelStateStore(connection)
  const before = await states.list('beta')
  const rejected = await workspace.cli('rejected', ofBeta, '--destination', 'acme')
  const set = await workspace.cli('state', 'set', 'acme', 'theirs', '7')
  const reset = await workspace.cli('state', 'reset', 'acme', 'rows')
  const query = await workspace.cli('query', 'acme', 'SELECT * FROM "beta_export"."rows"')
  const after = await states.list('beta')
  connection.redis.disconnect()
  const { Contents = [] } = await betaUser.s3.listObjectsV2({
    Bucket: beta.bucket,
    Prefix: `${beta.schema}/rejected/${ofBeta}/`,
  })

  expect(Contents).not.toEqual([])
  expect(rejected).toMatchObject({ exitCode: 0, stdout: '' })
  expect(set).toMatchObject({ exitCode: 2, stdout: '' })
  expect(reset.exitCode).toBe(0)
  expect(query).toMatchObject({ exitCode: 4, stdout: '' })
  expect(before).toMatchObject({ rows: { watermark: '1' }, theirs: { watermark: '1' } })
  expect(after).toEqual(before)
  expect(await crossings()).toEqual([])
})

/** One transfer of acme's configuration with some members changed, run here. */
async function attempt(change: { destination?: object; source?: object; model?: object }) {
  const copy = await createWorkspace(standIn, acme)
  try {
    await writeFile(join(copy.folder, 'destinations/acme.yaml'), destinationOf(acme, change.destination))
    if (change.source) await writeFile(join(copy.folder, 'sources/files.yaml'), stringify(change.source))
    await copyFile(
      join(workspace.folder, 'destinations/beta.yaml'),
      join(copy.folder, 'destinations/beta.yaml'),
    )
    await copy.writeModel('rows', { ...ROWS, ...change.model })
    await copy.writeModel('theirs', ROWS)
    await copy.writeData('a.csv', 'id,note\n1,of acme\n')
    const settings = readSettings(copy.env)
    const config = await loadConfig(settings.config)
    const composition = compose(settings, config)
    const destination = destinationNamed(config, 'acme')
    try {
      return await transferModel(
        { ...composition, states: NO_STATES, journal: createMemoryJournal() },
        {
          transfer: { transferId: newTransferId(), destination: 'acme', type: 'incremental' },
          destination,
          model: modelNamed(config, destination, 'rows'),
        },
        { signal: AbortSignal.timeout(60_000), onProgress: () => {} },
      )
    } finally {
      await composition.encoders.close()
    }
  } catch (thrown) {
    return toTransferError(thrown)
  } finally {
    await rm(copy.folder, { recursive: true })
  }
}

it('a destination with any of the other’s names in it reaches nothing: it is refused, by AWS or before', async () => {
  const has = await whatBetaHas()
  await standIn.clearAudit()
  const { bucket, schema, database, roleArn } = beta
  const changes: object[] = [
    { bucket },
    { schema },
    { bucket, schema },
    { bucket, schema, database },
    { database: `${database}/deep`, bucket },
    { workgroup: 'theirs' },
    { access: { type: 'assume-role', roleArn, externalId: 'guessed' } },
    { access: { type: 'web-identity', roleArn, audience: 'https://other.example' }, bucket, schema },
  ]
  const codes: string[] = []
  for (const destination of changes) {
    const outcome = await attempt({ destination })
    codes.push('code' in outcome ? outcome.code : outcome.status)
    if ('code' in outcome) expect(outcome.message).not.toContain('secret')
  }

  for (const code of codes)
    expect(code).toMatch(
      /^(ACCESS_DENIED|CONFIG_INVALID|DESTINATION_UNUSABLE|BUCKET_REGION_WRONG|ROLE_NOT_ASSUMABLE|CREDENTIALS_REJECTED|AWS_UNAVAILABLE|INTERNAL)$/,
    )
  expect(codes).not.toContain('INTERNAL')
  expect(await crossings()).toEqual([])
  expect(await whatBetaHas()).toEqual(has)
})

it('a source with any of the other’s names in it is refused, by AWS or before, and nothing of it arrives', async () => {
  const keys = await acme.createUser('reader')
  process.env.HOSTILE_ID = keys.accessKeyId
  process.env.HOSTILE_SECRET = keys.secretAccessKey
  const s3 = { region: beta.region, accessKeyId: 'env:HOSTILE_ID', secretAccessKey: 'env:HOSTILE_SECRET' }
  const files = { path: '**', format: 'csv' }
  const codes: string[] = []
  for (const base of [
    `s3://${beta.bucket}`,
    `s3://${beta.bucket}/`,
    `s3://${beta.bucket}/${beta.schema}`,
    `s3://${beta.bucket}/${beta.schema}/rejected/`,
    `s3://${beta.bucket}/elsewhere`,
    `s3://${acme.bucket}/${acme.schema}/../../${beta.bucket}`,
  ]) {
    const outcome = await attempt({ source: { type: 'files', base, s3 }, model: { files } })
    codes.push('code' in outcome ? outcome.code : outcome.status)
  }
  for (const path of ['../../beta.yaml', '/etc/passwd', '../destinations/beta.yaml']) {
    const outcome = await attempt({ model: { files: { path, format: 'csv' } } })
    codes.push('code' in outcome ? outcome.code : outcome.status)
  }

  for (const code of codes) expect(code).toMatch(/^(CONFIG_INVALID|SOURCE_UNREADABLE|SOURCE_NOT_FOUND)$/)
  expect(await crossings()).toEqual([])
})

it('a model with any of the other’s names in it writes into its own customer’s tables alone', async () => {
  const has = await whatBetaHas()
  await standIn.clearAudit()
  const names = [
    '_transfer_status',
    'beta_export.rows',
    '"beta_export"."rows"',
    `../${beta.bucket}/rows`,
    `s3://${beta.bucket}/x`,
    'staging',
    '_tables',
  ]
  for (const name of names) {
    const outcome = await attempt({ model: { name, description: `s3://${beta.bucket}/` } })
    // The model is found by its file's name no more, so it fails by name or is loaded under its own.
    expect('code' in outcome ? outcome.code : outcome.status).toMatch(/^(CONFIG_INVALID|SUCCESS)$/)
  }
  expect(await crossings()).toEqual([])
  expect(await whatBetaHas()).toEqual(has)
})

it('no two tables of any two destinations share a key of Redis', async () => {
  const connection = await connectRedis({ redisUrl: redis.url, prefix: 'unused' })
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,4}$/)
  const table = fc.stringMatching(/^[a-z0-9_]{1,5}$/)
  const pair = fc.tuple(name, table)
  await fc.assert(
    fc.asyncProperty(pair, pair, async (one, other) => {
      fc.pre(one[0] !== other[0])
      const [ofOne, ofOther] = [
        await touchEveryStore(connection, one),
        await touchEveryStore(connection, other),
      ]

      expect(ofOne.size).toBeGreaterThan(8)
      expect([...ofOne].filter(place => ofOther.has(place))).toEqual([])
    }),
    {
      numRuns: 60,
      examples: [
        [
          ['a', 'b_c'],
          ['a_b', 'c'],
        ],
        [
          ['a', 'waiting'],
          ['a-waiting', 'a'],
        ],
      ],
    },
  )
  connection.redis.disconnect()
})

it('ending one’s transfer ends no other’s', async () => {
  const [mine, theirs] = [newTransferId(), newTransferId()]
  await queue.enqueue({ destination: 'acme', transferId: mine, delayMs: 3_600_000 })
  await queue.enqueue({ destination: 'beta', transferId: theirs, models: ['theirs'] })
  await queue.cancel(mine)
  await until(async () => (await queue.status(mine)).status === 'CANCELLED')

  expect(await queue.waitUntilFinished(theirs, { signal: AbortSignal.timeout(60_000) })).toMatchObject({
    status: 'SUCCESS',
  })
})
