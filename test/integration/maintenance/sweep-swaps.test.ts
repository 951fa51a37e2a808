import { afterAll, beforeAll, expect, it } from 'vitest'
import { newTransferId } from '../../../src/domain/transfer-id.ts'
import { createAthenaUser } from '../../support/athena-user.ts'
import { createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { everythingOf, sweepLater } from '../../support/sweeping.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
  process.env.AWS_ENDPOINT_URL = standIn.url
})
afterAll(() => standIn.stop())

async function setUp() {
  const customer = await createCustomer(standIn)
  const user = await createAthenaUser(standIn, customer)
  const keys = await customer.createUser('sweeper')
  const { bucket, schema, region } = customer
  await user.glue.createDatabase({ DatabaseInput: { Name: schema } })
  const world = { bucket, schema, customer: user, reader: { url: standIn.url, region, ...keys } }
  const uri = (folder: string) => `s3://${bucket}/${folder}`
  const put = (Key: string, Body: string) => user.s3.putObject({ Bucket: bucket, Key, Body })
  return {
    world,
    schema,
    table: async (Name: string, folder: string) => {
      const StorageDescriptor = { Columns: [{ Name: 'id', Type: 'bigint' }], Location: uri(folder) }
      const TableInput = { Name, TableType: 'EXTERNAL_TABLE', StorageDescriptor }
      await user.glue.createTable({ DatabaseName: schema, TableInput })
      await put(`${folder}/data/rows.parquet`, 'rows')
    },
    folder: (folder: string) => put(`${folder}/data/rows.parquet`, 'rows'),
    /** Writes the note of a swap, and returns its transfer. */
    swap: async (table: string, from: string, to: string) => {
      const transferId = newTransferId()
      const attempt = to.slice(-12)
      const note = {
        version: 1,
        transferId,
        table,
        shadowTable: `_transfer_shadow_${transferId}_${attempt}`,
        from: uri(from),
        to: uri(to),
        plannedAt: '2026-01-01T00:00:00.000Z',
      }
      await put(`${schema}/_swaps/${table}/${attempt}.json`, JSON.stringify(note))
      return transferId
    },
  }
}

const FOLDERS = ['00000000000a', '00000000000b', '00000000000c', '00000000000d'] as const

function gone(before: readonly string[], after: readonly string[]): readonly string[] {
  return before.filter(name => !after.includes(name))
}

it('folders that swaps led away from and those of given-up swaps go, an age after a sweep first finds them left', async () => {
  const { world, schema, table, folder, swap } = await setUp()
  const [oldest, older, present, givenUp] = FOLDERS.map(id => `${schema}/things_${id}`)
  if (!oldest || !older || !present || !givenUp) throw new Error('four folders')
  for (const one of [oldest, older, givenUp]) await folder(one)
  await table('things', present)
  await swap('things', oldest, older)
  await swap('things', older, present)
  const open = await swap('things', present, givenUp)
  const before = await everythingOf(world)
  await sweepLater(world, { days: 2, dryRun: true })
  await sweepLater(world, { days: 4 })
  await sweepLater(world, { days: 4.9 })
  const early = await everythingOf(world)
  const stillOpen = { transferIds: new Set([open]), queryExecutionIds: new Set<string>() }
  const swept = await sweepLater(world, { days: 5.1, open: stillOpen })
  const between = await everythingOf(world)
  await sweepLater(world, { days: 5.1 })

  expect(early).toEqual(before)
  expect(swept.counts.swapNotes).toMatchObject({ found: 3, removed: 2, kept: { open: 1 } })
  expect(gone(before, between)).toEqual(
    [
      `${oldest}/data/rows.parquet`,
      `${older}/data/rows.parquet`,
      `${schema}/_swaps/things/00000000000b.json`,
      `${schema}/_swaps/things/00000000000c.json`,
    ].toSorted(),
  )
  expect(gone(between, await everythingOf(world))).toEqual(
    [`${givenUp}/data/rows.parquet`, `${schema}/_swaps/things/00000000000d.json`].toSorted(),
  )
})

it('a folder that a table lies in, one that is not ours, and those of a table that is gone stay', async () => {
  const { world, schema, table, folder, swap } = await setUp()
  // The customer reads the old folder through a table of his own.
  await table('aliased', `${schema}/aliased_00000000000b`)
  await table('his_own', `${schema}/aliased_00000000000a`)
  await swap('aliased', `${schema}/aliased_00000000000a`, `${schema}/aliased_00000000000b`)
  // The table lay in a folder that this product did not make.
  await folder('elsewhere/rows')
  await folder(`${schema}/moved_of_mine`)
  await table('moved', `${schema}/moved_00000000000b`)
  await swap('moved', 'elsewhere/rows', `${schema}/moved_00000000000b`)
  await swap('moved', `${schema}/moved_of_mine`, `${schema}/moved_00000000000b`)
  // The table was dropped in Glue alone, and may be registered again.
  await folder(`${schema}/dropped_00000000000a`)
  await folder(`${schema}/dropped_00000000000b`)
  await swap('dropped', `${schema}/dropped_00000000000a`, `${schema}/dropped_00000000000b`)
  const before = await everythingOf(world)
  for (const days of [2, 4, 6]) await sweepLater(world, { days })

  expect(await everythingOf(world)).toEqual(before)
})

it('a folder that is still written to stays whole', async () => {
  const { world, schema, table, folder, swap } = await setUp()
  await folder(`${schema}/things_00000000000a`)
  await table('things', `${schema}/things_00000000000b`)
  await swap('things', `${schema}/things_00000000000a`, `${schema}/things_00000000000b`)
  await sweepLater(world, { days: -1 })
  const before = await everythingOf(world)
  const { counts } = await sweepLater(world, { days: 0.5 })

  expect(counts.swapNotes).toMatchObject({ found: 1, removed: 0, kept: { inUse: 1 } })
  expect(await everythingOf(world)).toEqual(before)
})
