import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { trustPolicy } from '../../support/customer.ts'
import { createFaultyTransfers, type FaultyTransfers } from '../../support/faulty-transfers.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'

let standIn: TestStandIn
let t: FaultyTransfers

beforeAll(async () => {
  standIn = await startStandIn()
  t = await createFaultyTransfers(standIn)
  await t.transfer()
})
afterEach(async () => {
  await standIn.clearFaults()
  await standIn.setClock(0)
})
afterAll(async () => {
  await t.remove()
  await standIn.stop()
})

type Fault = Parameters<TestStandIn['setFault']>[0]

const MERGE = { match: '^MERGE INTO' }
const START_OF_MERGE = { match: 'MERGE INTO' }

function titleOf({ name, times = 1, errorType }: Fault): string {
  const type = errorType === undefined ? '' : ` (type ${errorType})`
  return `${name}${type}${times > 1 ? ` × ${times}` : ''}`
}

/** Faults that a transfer overcomes by itself, and how many executions of its load statement that takes. */
const OVERCOME: readonly (readonly [fault: Fault, merges: number])[] = [
  [{ name: 's3.PutObject.throttle', times: 3 }, 1],
  [{ name: 's3.PutObject.500', times: 3 }, 1],
  [{ name: 's3.PutObject.reset', times: 2 }, 1],
  [{ name: 's3.PutObject.reset-after-commit', times: 2 }, 1],
  [{ name: 's3.PutObject.500-after-commit', times: 2 }, 1],
  [{ name: 's3.PutObject.corrupt-upload', times: 2 }, 1],
  [{ name: 's3.PutObject.truncate-upload', times: 2 }, 1],
  [{ name: 's3.PutObject.expire' }, 1],
  [{ name: 's3.GetObject.throttle', times: 3 }, 1],
  [{ name: 's3.GetObject.truncate', times: 2 }, 1],
  [{ name: 's3.GetObject.corrupt', times: 2 }, 1],
  [{ name: 's3.DeleteObject.reset-after-commit', times: 2 }, 1],
  [{ name: 'glue.*.throttle', times: 4 }, 1],
  [{ name: 'glue.*.reset', times: 3 }, 1],
  [{ name: 'glue.GetTable.truncate', times: 2 }, 1],
  [{ name: 'glue.*.expire', after: 2 }, 1],
  [{ name: 'glue.CreateTable.reset-after-commit', match: 'staging' }, 1],
  [{ name: 'glue.CreateTable.twice', match: 'staging' }, 1],
  [{ name: 'glue.DeleteTable.500-after-commit' }, 1],
  [{ name: 'glue.UpdateTable.reset-after-commit', match: '_transfer_status' }, 1],
  [{ name: 'glue.UpdateTable.conflict', match: '_transfer_status', times: 3 }, 1],
  [{ name: 'sts.*.throttle', times: 2 }, 1],
  [{ name: 'sts.*.500', times: 2 }, 1],
  [{ name: 'sts.*.reset-after-commit' }, 1],
  [{ name: 'athena.StartQueryExecution.throttle', times: 3 }, 1],
  [{ name: 'athena.StartQueryExecution.quota', times: 7, ...START_OF_MERGE }, 1],
  [{ name: 'athena.StartQueryExecution.reset-after-commit', times: 2, ...START_OF_MERGE }, 1],
  [{ name: 'athena.StartQueryExecution.500-after-commit', times: 2, ...START_OF_MERGE }, 1],
  [{ name: 'athena.StartQueryExecution.twice', ...START_OF_MERGE }, 1],
  [{ name: 'athena.StartQueryExecution.truncate', ...START_OF_MERGE }, 1],
  [{ name: 'athena.StartQueryExecution.expire', ...START_OF_MERGE }, 1],
  [{ name: 'athena.GetQueryExecution.throttle', times: 3 }, 1],
  [{ name: 'athena.GetQueryExecution.500', times: 7 }, 1],
  [{ name: 'athena.GetQueryExecution.reset', times: 3 }, 1],
  [{ name: 'athena.GetQueryExecution.truncate', times: 3 }, 1],
  [{ name: 'athena.GetQueryExecution.expire' }, 1],
  [{ name: 'athena.GetQueryResults.500', times: 3 }, 1],
  [{ name: 'athena.query.queue', delayMs: 1000, ...MERGE }, 1],
  [{ name: 'athena.query.slow', delayMs: 1000, ...MERGE }, 1],
  [{ name: 'athena.query.requeue', delayMs: 1000, ...MERGE }, 1],
  [{ name: 'athena.query.throttle-requeue', delayMs: 800, ...MERGE }, 1],
  [{ name: 'athena.query.iceberg-commit-error', ...MERGE }, 2],
  [{ name: 'athena.query.iceberg-commit-error', times: 4, ...MERGE }, 5],
  [{ name: 'athena.query.fail', times: 2, ...MERGE }, 3],
  [{ name: 'athena.query.fail', errorType: 1602, ...MERGE }, 2],
  [{ name: 'athena.query.fail-after-commit', ...MERGE }, 2],
  [{ name: 'athena.query.fail', errorType: 4, ...MERGE }, 3],
]

it.each(OVERCOME.map(([fault, merges]) => [titleOf(fault), merges, fault] as const))(
  'rows arrive exactly once under %s, by %i executions of the load',
  async (_, merges, fault) => {
    const before = await t.merges()
    await standIn.setFault(fault)
    const result = await t.transfer()
    const [counted] = await standIn.faults()
    await standIn.clearFaults()

    expect(result.error).toBeUndefined()
    expect(counted?.struck).toBe(fault.times ?? 1)
    expect((await t.merges()).filter(id => !before.includes(id)).length).toBe(merges)
    expect(await t.rows()).toEqual(t.expected())
    expect(await t.leftovers()).toEqual([])
  },
)

interface Failure {
  readonly code: string
  readonly owner: 'customer' | 'operator'
  readonly retryable: boolean
  readonly merges: number
  /** What stays, as a statement may read it; it is the sweep's. */
  readonly leftovers?: number
}

/** Faults that stop a transfer: whose move it is, whether the job is tried again, and what was run. */
const STOPPED: readonly (readonly [fault: Fault, failure: Failure])[] = [
  [
    { name: 'sts.*.throttle', times: 100 },
    { code: 'AWS_THROTTLED', owner: 'operator', retryable: true, merges: 0 },
  ],
  [
    { name: 'sts.*.500', times: 100 },
    { code: 'AWS_UNAVAILABLE', owner: 'operator', retryable: true, merges: 0 },
  ],
  [
    { name: 's3.PutObject.corrupt-upload', times: 100 },
    { code: 'AWS_UNAVAILABLE', owner: 'operator', retryable: true, merges: 0 },
  ],
  [
    { name: 'glue.CreateTable.resource-limit', match: 'staging' },
    { code: 'DESTINATION_UNUSABLE', owner: 'customer', retryable: false, merges: 0 },
  ],
  [
    { name: 'athena.StartQueryExecution.500', times: 100, ...START_OF_MERGE },
    { code: 'AWS_UNAVAILABLE', owner: 'operator', retryable: true, merges: 0, leftovers: 2 },
  ],
  [
    { name: 'athena.StartQueryExecution.reset-after-commit', times: 100, ...START_OF_MERGE },
    { code: 'AWS_UNAVAILABLE', owner: 'operator', retryable: true, merges: 1, leftovers: 2 },
  ],
  [
    { name: 'athena.query.iceberg-commit-error', times: 5, ...MERGE },
    { code: 'COMMIT_CONFLICT', owner: 'operator', retryable: true, merges: 5, leftovers: 2 },
  ],
  [
    { name: 'athena.query.fail', errorType: 1006, ...MERGE },
    { code: 'QUERY_FAILED', owner: 'operator', retryable: false, merges: 1 },
  ],
  [
    { name: 'athena.query.fail', errorType: 1500, ...MERGE },
    { code: 'ACCESS_DENIED', owner: 'customer', retryable: false, merges: 1 },
  ],
  [
    { name: 'athena.query.cancel', ...MERGE },
    { code: 'QUERY_CANCELLED', owner: 'customer', retryable: false, merges: 1 },
  ],
]

it.each(
  STOPPED.map(([fault, failure]) => [titleOf(fault), failure.code, failure.owner, fault, failure] as const),
)(
  '%s is %s, the move of the %s, and the next transfer brings the rows exactly once',
  async (_title, _code, _owner, fault, { merges, leftovers = 0, ...error }) => {
    const [before, staged] = [await t.merges(), await t.leftovers()]
    await standIn.setFault(fault)
    const result = await t.transfer()
    await standIn.clearFaults()

    expect(result.error).toMatchObject({ ...error, hint: expect.stringMatching(/\w/) })
    expect((await t.merges()).filter(id => !before.includes(id)).length).toBe(merges)
    expect((await t.leftovers()).length - staged.length).toBe(leftovers)
    expect((await t.repeat()).error).toBeUndefined()
    expect(await t.rows()).toEqual(t.expected())
  },
)

it.each([-1_800_000, 1_800_000])('a clock that is %i ms off costs nothing', async offsetMs => {
  await standIn.setClock(offsetMs)
  const result = await t.transfer()

  expect(result.error).toBeUndefined()
  expect(await t.rows()).toEqual(t.expected())
})

const PARTS = { rowCount: 4000, valueLength: 4000 }

/** Faults in the middle of an upload in parts: 12 MB of Parquet, in parts of 8 MiB. */
it.each([
  { name: 's3.UploadPart.throttle', after: 1, times: 3 },
  { name: 's3.UploadPart.expire', after: 1 },
  { name: 's3.UploadPart.corrupt-upload', times: 2 },
  { name: 's3.UploadPart.reset-after-commit' },
  { name: 's3.CompleteMultipartUpload.reset-after-commit' },
])('an upload in parts arrives whole under $name', async (fault: Fault) => {
  await standIn.setFault(fault)
  const result = await t.transfer(PARTS)
  const [counted] = await standIn.faults()

  expect(result.error).toBeUndefined()
  expect(counted?.struck).toBe(fault.times ?? 1)
  expect(await t.user.sql('SELECT count(*), count(DISTINCT value), min(length(value)) FROM things')).toEqual([
    ['4000', '4000', '4000'],
  ])
  expect(await t.leftovers()).toEqual([])
})

const roleOf = ({ accountId, roleName }: FaultyTransfers['customer']) => `roles/${accountId}/${roleName}`

/** A customer of a test's own, as these tests end sessions for good. */
async function ownTransfers(): Promise<FaultyTransfers> {
  const own = await createFaultyTransfers(standIn)
  expect((await own.transfer()).error).toBeUndefined()
  return own
}

/** Starts a transfer whose load runs for 2.5 seconds and waits until it does. */
async function untilLoading(own: FaultyTransfers) {
  const before = await own.merges()
  await standIn.setFault({ name: 'athena.query.slow', delayMs: 2500, ...MERGE })
  const result = own.transfer()
  while ((await own.merges()).length === before.length) await sleep(50)
  return { result }
}

it('a role that is not ours any more while a load runs is named, and the load ends with all that it reads', async () => {
  const own = await ownTransfers()
  const { customer } = own
  const setTrust = (policy: unknown) => standIn.admin('PUT', `${roleOf(customer)}/trust-policy`, policy)
  const { result } = await untilLoading(own)
  await setTrust({ Version: '2012-10-17', Statement: [] })
  await standIn.admin('POST', 'sessions/expire', { accountId: customer.accountId })
  const { error } = await result
  const staged = await own.leftovers()
  await expect.poll(() => own.rows(), { timeout: 10_000 }).toEqual(own.expected())

  expect(error).toMatchObject({ code: 'ROLE_NOT_ASSUMABLE', owner: 'customer', details: { terminal: false } })
  expect(staged.length).toBe(2)
  await setTrust(trustPolicy(customer.subject, customer.audience))
  expect((await own.repeat()).error).toBeUndefined()
  expect(await own.rows()).toEqual(own.expected())
  await own.remove()
})

it('sessions that are revoked while a load runs are told from a missing right, and nothing is lost', async () => {
  const own = await ownTransfers()
  const { customer } = own
  const { result } = await untilLoading(own)
  await standIn.setFault({
    name: 'athena.GetQueryExecution.revoke',
    accountId: customer.accountId,
    role: customer.roleName,
  })
  const { error } = await result

  expect(error).toMatchObject({ code: 'ACCESS_DENIED', owner: 'customer', details: { terminal: false } })
  expect(error?.hint).toContain('AWSRevokeOlderSessions')
  await standIn.clearFaults()
  // The revocation holds for sessions of the same second, too.
  await sleep(1100)
  await standIn.admin(
    'PUT',
    `${roleOf(customer)}/trust-policy`,
    trustPolicy(customer.subject, customer.audience),
  )
  expect((await own.repeat()).error).toBeUndefined()
  expect(await own.rows()).toEqual(own.expected())
  await own.remove()
})

it('a CREATE TABLE that failed although it was done is done once', async () => {
  const own = await createFaultyTransfers(standIn)
  await standIn.setFault({ name: 'athena.query.fail-after-commit', match: '^CREATE TABLE' })
  const { error } = await own.transfer()

  expect(error).toBeUndefined()
  expect(await standIn.faults()).toMatchObject([{ struck: 1 }])
  expect(await own.rows()).toEqual(own.expected())
  await own.remove()
})

it('an ALTER TABLE that failed although it was done is left to the next attempt, which finds the column', async () => {
  const own = await ownTransfers()
  await standIn.setFault({ name: 'athena.query.fail-after-commit', match: '^ALTER TABLE' })
  const { error } = await own.transfer({ extraColumn: 'Note' })

  expect(error).toMatchObject({ code: 'COMMIT_CONFLICT', retryable: true })
  expect((await own.repeat()).error).toBeUndefined()
  expect(await own.user.sql('SELECT id, value, note FROM things ORDER BY id')).toEqual(
    own.expected().map(row => [...row, null]),
  )
  await own.remove()
})
