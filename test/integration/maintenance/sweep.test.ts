import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { connectRedis, type QueueConnection } from '../../../src/queue/connection.ts'
import { withLease } from '../../../src/queue/lease.ts'
import { type AthenaUser, createAthenaUser } from '../../support/athena-user.ts'
import { type Customer, createCustomer, type PermissionPolicy } from '../../support/customer.ts'
import { type RunningRedis, startRedis } from '../../support/redis.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { everythingOf, sweepLater } from '../../support/sweeping.ts'
import { createWorkspace } from '../../support/workspace.ts'

let standIn: TestStandIn
let redis: RunningRedis
let connection: QueueConnection
beforeAll(async () => {
  standIn = await startStandIn()
  process.env.AWS_ENDPOINT_URL = standIn.url
  redis = await startRedis()
  connection = await connectRedis({ redisUrl: redis.url, prefix: 'athena-transfer' })
})
afterAll(async () => {
  connection.redis.disconnect()
  await Promise.all([redis.stop(), standIn.stop()])
})

const TRANSFER = newTransferId()
const ATTEMPT = '0123456789ab'
const OTHER = 'ba9876543210'
const EXECUTION = '0f8fad5b-d9cb-469f-a165-70867728950e'

/** What a crashed attempt leaves, by the kind that a sweep counts it as. */
const LEFT = [
  `acme_export/staging/${TRANSFER}/things/${ATTEMPT}/part-00000.parquet`,
  `acme_export/staging/${TRANSFER}/things/${ATTEMPT}/part-00001.parquet`,
  `acme_export/transfer_status/${TRANSFER}/${ATTEMPT}/transfer_status.parquet`,
  `acme_results/athena_output/${EXECUTION}.csv`,
  `acme_results/athena_output/${EXECUTION}.csv.metadata`,
  `acme_results/athena_output/${EXECUTION}.txt`,
  `acme_results/athena_output/${EXECUTION}-manifest.csv`,
]

/** What looks like it and is not: of another place, shape or maker. */
const LOOK_ALIKES = [
  `acme_export/staging/${TRANSFER}/things/${ATTEMPT}/part-00000.parquet.bak`,
  `acme_export/staging/${TRANSFER}/things/${ATTEMPT}/notes.txt`,
  `acme_export/staging/${TRANSFER}/things/part-00000.parquet`,
  `acme_export/staging/${TRANSFER.toUpperCase()}/things/${ATTEMPT}/part-00000.parquet`,
  `acme_export/staging/${TRANSFER}/things/${ATTEMPT}/more/part-00000.parquet`,
  `acme_export/staging_of_mine/${TRANSFER}/things/${ATTEMPT}/part-00000.parquet`,
  `other_export/staging/${TRANSFER}/things/${ATTEMPT}/part-00000.parquet`,
  `staging/${TRANSFER}/things/${ATTEMPT}/part-00000.parquet`,
  `acme_export/transfer_status/${TRANSFER}/report.parquet`,
  `acme_export/things_${ATTEMPT}/data/part-00000.parquet`,
  `acme_export/rejected/${TRANSFER}/things/part-00000.ndjson`,
  `acme_results/athena_output/${EXECUTION}.parquet`,
  `acme_results/athena_output/${EXECUTION}`,
  `acme_results/athena_output/daily/${EXECUTION}.csv`,
  `acme_results/athena_output/report.csv`,
  `acme_results/${EXECUTION}.csv`,
  `acme_export/_swaps/things/notes.json`,
  `acme_export/_swaps/things/${OTHER}.json`,
]

const STAGING_NAME = `_transfer_staging_${TRANSFER}_${ATTEMPT}`
const SHADOW_NAME = `_transfer_shadow_${TRANSFER}_${ATTEMPT}`

/** Tables by name, each with its Parameters. */
const LEFT_TABLES = {
  [STAGING_NAME]: { 'athena_transfer.staging': TRANSFER },
  [SHADOW_NAME]: { 'athena_transfer.shadow': TRANSFER },
}

const LOOK_ALIKE_TABLES = {
  [`_transfer_staging_${TRANSFER}_${OTHER}`]: {},
  [`_transfer_shadow_${TRANSFER}_${OTHER}`]: { 'athena_transfer.shadow': newTransferId() },
  copy_of_a_staging_table: { 'athena_transfer.staging': TRANSFER },
  [`${STAGING_NAME}_2`]: { 'athena_transfer.staging': TRANSFER },
  things: {},
  _transfer_status: {},
}

async function setUp(editPolicy?: (policy: PermissionPolicy) => PermissionPolicy) {
  const customer = await createCustomer(standIn, editPolicy ? { editPolicy } : {})
  const user = await createAthenaUser(standIn, customer)
  const keys = await customer.createUser('sweeper')
  const { bucket, schema, region } = customer
  const world = { bucket, schema, customer: user, reader: { url: standIn.url, region, ...keys } }
  await user.glue.createDatabase({ DatabaseInput: { Name: schema } })
  return { customer, user, world }
}

async function plant(
  customer: Customer,
  { s3, glue }: AthenaUser,
  keys: readonly string[],
  tables: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<void> {
  for (const Key of keys) await s3.putObject({ Bucket: customer.bucket, Key, Body: '{"version": 1}' })
  for (const [Name, Parameters] of Object.entries(tables)) {
    const location = `s3://${customer.bucket}/somewhere/${Name}/`
    const StorageDescriptor = { Columns: [{ Name: 'id', Type: 'bigint' }], Location: location }
    const TableInput = { Name, Parameters, TableType: 'EXTERNAL_TABLE', StorageDescriptor }
    await glue.createTable({ DatabaseName: customer.schema, TableInput })
  }
}

function gone(before: readonly string[], after: readonly string[]): readonly string[] {
  return before.filter(name => !after.includes(name))
}

it('removes what attempts left and no look-alike of it; a trial tells the same and changes nothing', async () => {
  const { customer, user, world } = await setUp()
  await plant(customer, user, [...LEFT, ...LOOK_ALIKES], { ...LEFT_TABLES, ...LOOK_ALIKE_TABLES })
  const newer = `acme_export/transfer_status/${TRANSFER}/${OTHER}/transfer_status.parquet`
  // S3 tells in whole seconds which of two files is the newer one.
  await sleep(1_100)
  await plant(customer, user, [newer], {})
  const before = await everythingOf(world)
  const trial = await sweepLater(world, { days: 2, dryRun: true })
  const afterTrial = await everythingOf(world)
  await standIn.clearAudit()
  const swept = await sweepLater(world, { days: 2 })
  const after = await everythingOf(world)

  expect(afterTrial).toEqual(before)
  expect(swept).toEqual({ ...trial, dryRun: false })
  expect(gone(before, after)).toEqual(
    [...LEFT, ...Object.keys(LEFT_TABLES).map(name => `table ${name}`)].toSorted(),
  )
  expect(swept.counts).toMatchObject({
    stagingTables: { found: 4, removed: 1, kept: { foreign: 3 } },
    shadowTables: { found: 2, removed: 1, kept: { foreign: 1 } },
    stagedFiles: { found: 7, removed: 2, removedBytes: 28, kept: { foreign: 5 } },
    swapNotes: { found: 2, removed: 0, kept: { foreign: 2 } },
    statusFiles: { found: 3, removed: 1, kept: { foreign: 1, young: 1 } },
    queryResults: { found: 8, removed: 4, kept: { foreign: 4 } },
  })
})

it('needs the contract’s policy only: unfinished uploads are asked for, and passed over when that is refused', async () => {
  const { customer, user, world } = await setUp()
  await plant(customer, user, LEFT, LEFT_TABLES)
  await standIn.clearAudit()
  const { uploadsListed } = await sweepLater(world, { days: 2 })
  const entries = await standIn.audit({ accountId: customer.accountId })
  const actions = (allowed: boolean) =>
    new Set(entries.filter(entry => entry.allowed === allowed).map(entry => entry.action))

  expect(uploadsListed).toBe(false)
  expect(actions(false)).toEqual(new Set(['s3:ListBucketMultipartUploads']))
  expect(actions(true)).toEqual(
    new Set(['s3:ListBucket', 's3:DeleteObject', 'glue:GetTables', 'glue:DeleteTable']),
  )
})

it('ends unfinished uploads of attempts where the policy lets it, and no other upload', async () => {
  const { customer, user, world } = await setUp(policy => ({
    ...policy,
    Statement: policy.Statement.map(one =>
      one.Sid === 'AllowS3AccessToBucket'
        ? { ...one, Action: [...one.Action, 's3:ListBucketMultipartUploads', 's3:AbortMultipartUpload'] }
        : one,
    ),
  }))
  const Bucket = customer.bucket
  const keys = [LEFT[0] ?? '', 'acme_export/mine.parquet', 'elsewhere/mine.parquet']
  for (const Key of keys) await user.s3.createMultipartUpload({ Bucket, Key })
  const { counts, uploadsListed } = await sweepLater(world, { days: 2 })
  const { Uploads = [] } = await user.s3.listMultipartUploads({ Bucket })

  expect(uploadsListed).toBe(true)
  expect(counts.uploads).toMatchObject({ found: 2, removed: 1, kept: { foreign: 1 } })
  expect(Uploads.map(({ Key }) => Key)).toEqual(['acme_export/mine.parquet', 'elsewhere/mine.parquet'])
})

it('leaves what is young, and what an open load names', async () => {
  const { customer, user, world } = await setUp()
  await plant(customer, user, LEFT, LEFT_TABLES)
  const before = await everythingOf(world)
  const young = await sweepLater(world, { days: 0.9 })
  const open = { transferIds: new Set([TRANSFER]), queryExecutionIds: new Set([EXECUTION]) }
  const named = await sweepLater(world, { days: 2, open })
  const after = await everythingOf(world)

  expect(after).toEqual(before)
  expect(young.counts.stagingTables).toMatchObject({ removed: 0, kept: { young: 1 } })
  expect(young.counts.queryResults).toMatchObject({ removed: 0, kept: { young: 4 } })
  expect(named.counts.stagedFiles).toMatchObject({ removed: 0, kept: { open: 2 } })
  expect(named.counts.queryResults).toMatchObject({ removed: 0, kept: { open: 4 } })
})

it('an attempt that still writes keeps all of its files, by the newest', async () => {
  const { customer, user, world } = await setUp()
  const [first = '', second = ''] = LEFT
  const plantedMs = Date.now()
  await plant(customer, user, [first, first.replace(ATTEMPT, OTHER)], {})
  await sleep(2_200)
  await plant(customer, user, [second], {})
  // A day after the first ones, by a second: S3 tells times in whole seconds.
  const days = 1 + (plantedMs + 1_000 - Date.now()) / 86_400_000
  const { counts } = await sweepLater(world, { days })

  expect(counts.stagedFiles).toMatchObject({ found: 3, removed: 1, kept: { young: 2 } })
})

it('counts what the policy does not let it remove, keeps the files of a staging table that stays, and goes on', async () => {
  const { customer, user, world } = await setUp(policy => ({
    ...policy,
    Statement: policy.Statement.map(one => ({
      ...one,
      Action: one.Action.filter(action => action !== 'glue:DeleteTable'),
    })),
  }))
  await plant(customer, user, LEFT, LEFT_TABLES)
  const { counts } = await sweepLater(world, { days: 2 })

  expect(counts.stagingTables).toMatchObject({ found: 1, removed: 0, kept: { refused: 1 } })
  expect(counts.stagedFiles).toMatchObject({ found: 2, removed: 0, kept: { inUse: 2 } })
  expect(counts.queryResults).toMatchObject({ removed: 4 })
})

const reportSchema = z.object({
  counts: z.object({ stagedFiles: z.object({ found: z.number(), removed: z.number() }) }),
})

it('`sweep` tells what it removed, refuses an age that a statement may outlive, and is one at a time', async () => {
  const customer = await createCustomer(standIn)
  const user = await createAthenaUser(standIn, customer)
  await plant(customer, user, LEFT, {})
  const env = { ATHENA_TRANSFER_QUERY_TIMEOUT_MS: '1000' }
  const workspace = await createWorkspace(standIn, customer, { redisUrl: redis.url, env })
  const tooYoung = await workspace.cli('sweep', 'acme', '--older-than', '0s')
  const busy = await withLease(connection, 'sweep:acme', () => workspace.cli('sweep', 'acme'))
  const trial = await workspace.cli('sweep', 'acme', '--older-than', '1s', '--dry-run')
  const swept = await workspace.cli('sweep', 'acme', '--older-than', '1s')
  const again = await workspace.cli('sweep', 'acme', '--older-than', '1s')
  const stagedFiles = ({ stdout }: { readonly stdout: string }) =>
    reportSchema.parse(JSON.parse(stdout)).counts.stagedFiles

  expect(tooYoung).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('found 0 d, expected') })
  expect(busy).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('is being swept') })
  expect(stagedFiles(trial)).toEqual({ found: 2, removed: 2 })
  expect(stagedFiles(swept)).toEqual({ found: 2, removed: 2 })
  expect(stagedFiles(again)).toEqual({ found: 0, removed: 0 })
  await workspace.remove()
})
