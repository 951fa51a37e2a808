import {
  BatchCreatePartitionCommand,
  BatchDeleteTableCommand,
  BatchGetPartitionCommand,
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteColumnStatisticsForTableCommand,
  DeleteDatabaseCommand,
  DeletePartitionCommand,
  DeleteTableCommand,
  DeleteTableVersionCommand,
  GetColumnStatisticsForTableCommand,
  GetDatabaseCommand,
  GetDatabasesCommand,
  GetPartitionCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GetTablesCommand,
  GetTableVersionsCommand,
  GetUserDefinedFunctionsCommand,
  type GlueClient,
  paginateGetTables,
  type TableInput,
  UpdateColumnStatisticsForTableCommand,
  UpdateDatabaseCommand,
  UpdatePartitionCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-glue'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Customer, createCustomer } from '../../support/customer.ts'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { clientsWith } from './session.ts'

describe('Glue', () => {
  let standIn: TestStandIn
  let customer: Customer
  let glue: GlueClient
  const DatabaseName = 'sales'

  beforeAll(async () => {
    standIn = await startStandIn()
  })
  afterAll(() => standIn.stop())

  beforeEach(async () => {
    customer = await createCustomer(standIn, {
      editPolicy: policy => ({
        ...policy,
        Statement: [{ Sid: 'All', Effect: 'Allow', Action: ['glue:*'], Resource: ['*'] }],
      }),
    })
    glue = clientsWith(standIn, await customer.createUser('admin'), customer.region).glue
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: DatabaseName } }))
  })

  const create = (TableInput: TableInput) => glue.send(new CreateTableCommand({ DatabaseName, TableInput }))

  const update = (TableInput: TableInput, more: { VersionId?: string; SkipArchive?: boolean } = {}) =>
    glue.send(new UpdateTableCommand({ DatabaseName, TableInput, ...more }))

  const read = async (Name: string) => (await glue.send(new GetTableCommand({ DatabaseName, Name }))).Table

  it('has the database "default" in a new account, in every region', async () => {
    const other = clientsWith(standIn, await customer.createUser('admin'), 'us-east-1').glue

    expect((await other.send(new GetDatabaseCommand({ Name: 'default' }))).Database?.Name).toBe('default')
    expect((await other.send(new GetDatabasesCommand({}))).DatabaseList?.map(found => found.Name)).toEqual([
      'default',
    ])
    expect((await glue.send(new GetDatabasesCommand({}))).DatabaseList?.map(found => found.Name)).toEqual([
      'default',
      'sales',
    ])
  })

  it('folds names of databases and tables to lower case', async () => {
    await create({ Name: 'Orders', StorageDescriptor: { Columns: [{ Name: 'Id', Type: 'int' }] } })

    expect(await read('ORDERS')).toMatchObject({ Name: 'orders', DatabaseName: 'sales' })
    await expect(create({ Name: 'oRDERS' })).rejects.toMatchObject({
      name: 'AlreadyExistsException',
      message: 'Table already exists.',
    })
    await expect(
      glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: 'SALES' } })),
    ).rejects.toMatchObject({ name: 'AlreadyExistsException' })
  })

  it('says who made a table, when and where', async () => {
    await create({ Name: 't', TableType: 'EXTERNAL_TABLE', Parameters: { classification: 'parquet' } })
    const table = await read('t')

    expect(table).toMatchObject({
      VersionId: '0',
      CatalogId: customer.accountId,
      CreatedBy: `arn:aws:iam::${customer.accountId}:user/admin`,
      IsRegisteredWithLakeFormation: false,
      Parameters: { classification: 'parquet' },
    })
    expect(Math.abs(Number(table?.CreateTime) - Date.now())).toBeLessThan(5000)
  })

  it('replaces the whole entry with UpdateTable and raises the version by one', async () => {
    await create({ Name: 't', Description: 'old', Parameters: { kept: 'no' } })
    await update({ Name: 'T', Parameters: { new: 'yes' } })
    const table = await read('t')

    expect(table).toMatchObject({ VersionId: '1', Parameters: { new: 'yes' } })
    expect(table?.Description).toBeUndefined()
  })

  it('refuses an update that builds on an old version, and lets one of two at once through', async () => {
    await create({ Name: 't' })
    const tries = await Promise.allSettled([
      update({ Name: 't' }, { VersionId: '0' }),
      update({ Name: 't' }, { VersionId: '0' }),
    ])

    expect(tries.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(update({ Name: 't' }, { VersionId: '0' })).rejects.toMatchObject({
      name: 'ConcurrentModificationException',
      $metadata: { httpStatusCode: 400 },
    })
    expect((await read('t'))?.VersionId).toBe('1')
  })

  it('archives replaced versions, unless told to skip that', async () => {
    await create({ Name: 't' })
    await update({ Name: 't' })
    await update({ Name: 't' }, { SkipArchive: true })
    await update({ Name: 't' })
    const versions = async () =>
      (await glue.send(new GetTableVersionsCommand({ DatabaseName, TableName: 't' }))).TableVersions?.map(
        version => version.VersionId,
      )

    expect(await versions()).toEqual(['3', '2', '0'])
    await glue.send(new DeleteTableVersionCommand({ DatabaseName, TableName: 't', VersionId: '0' }))
    expect(await versions()).toEqual(['3', '2'])
  })

  it('pages through tables, and finds them by an expression', async () => {
    for (const Name of ['a_1', 'a_2', 'a_3', 'b_1', 'b_2']) await create({ Name })
    const pages: (string | undefined)[][] = []
    for await (const page of paginateGetTables({ client: glue, pageSize: 2 }, { DatabaseName }))
      pages.push((page.TableList ?? []).map(table => table.Name))

    expect(pages).toEqual([['a_1', 'a_2'], ['a_3', 'b_1'], ['b_2']])
    const found = await glue.send(new GetTablesCommand({ DatabaseName, Expression: 'a_.*|b_2' }))
    expect(found.TableList?.map(table => table.Name)).toEqual(['a_1', 'a_2', 'a_3', 'b_2'])
    await expect(
      glue.send(new GetTablesCommand({ DatabaseName, NextToken: 'made up' })),
    ).rejects.toMatchObject({
      name: 'InvalidInputException',
    })
  })

  it('names what is missing', async () => {
    await expect(read('nothing')).rejects.toMatchObject({
      name: 'EntityNotFoundException',
      message: 'Table nothing not found.',
    })
    await expect(glue.send(new GetTableCommand({ DatabaseName: 'none', Name: 't' }))).rejects.toMatchObject({
      name: 'EntityNotFoundException',
      message: 'Database none not found.',
    })
    await expect(glue.send(new DeleteTableCommand({ DatabaseName, Name: 't' }))).rejects.toMatchObject({
      name: 'EntityNotFoundException',
    })
  })

  it.each([
    ['a name of 256 characters', { Name: 'x'.repeat(256) }, "'tableInput.name'"],
    [
      'a description of 2049 characters',
      { Name: 't', Description: 'x'.repeat(2049) },
      "'tableInput.description'",
    ],
    [
      'a comment of 256 characters',
      { Name: 't', StorageDescriptor: { Columns: [{ Name: 'c', Comment: 'x'.repeat(256) }] } },
      "'tableInput.storageDescriptor.columns.0.comment'",
    ],
  ])('refuses %s', async (_, input, place) => {
    await expect(create(input)).rejects.toMatchObject({
      name: 'InvalidInputException',
      message: expect.stringContaining(place),
    })
  })

  it('removes a database with its tables, and tables in a batch', async () => {
    await create({ Name: 't1' })
    await create({ Name: 't2' })
    const batch = await glue.send(
      new BatchDeleteTableCommand({ DatabaseName, TablesToDelete: ['t1', 'gone'] }),
    )
    expect(batch.Errors?.map(error => [error.TableName, error.ErrorDetail?.ErrorCode])).toEqual([
      ['gone', 'EntityNotFoundException'],
    ])

    await glue.send(new DeleteDatabaseCommand({ Name: DatabaseName }))
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: DatabaseName } }))
    expect((await glue.send(new GetTablesCommand({ DatabaseName }))).TableList).toEqual([])
  })

  it('changes the description of a database', async () => {
    const DatabaseInput = { Name: DatabaseName, Description: 'new', LocationUri: 's3://x/' }
    await glue.send(new UpdateDatabaseCommand({ Name: DatabaseName, DatabaseInput }))

    expect((await glue.send(new GetDatabaseCommand({ Name: DatabaseName }))).Database).toMatchObject(
      DatabaseInput,
    )
  })

  it('keeps partitions of a table', async () => {
    const TableName = 'parted'
    await create({ Name: TableName, PartitionKeys: [{ Name: 'day', Type: 'string' }] })
    const PartitionInputList = ['1', '2', '3'].map(day => ({ Values: [day], Parameters: { day } }))
    await glue.send(new BatchCreatePartitionCommand({ DatabaseName, TableName, PartitionInputList }))
    const again = await glue.send(
      new BatchCreatePartitionCommand({ DatabaseName, TableName, PartitionInputList }),
    )
    expect(again.Errors?.map(error => error.ErrorDetail?.ErrorCode)).toEqual(
      Array(3).fill('AlreadyExistsException'),
    )

    await glue.send(
      new UpdatePartitionCommand({
        DatabaseName,
        TableName,
        PartitionValueList: ['1'],
        PartitionInput: { Values: ['4'] },
      }),
    )
    await glue.send(new DeletePartitionCommand({ DatabaseName, TableName, PartitionValues: ['2'] }))
    const values = async (more: object = {}) =>
      (await glue.send(new GetPartitionsCommand({ DatabaseName, TableName, ...more }))).Partitions?.map(
        found => found.Values,
      )
    expect(await values()).toEqual([['3'], ['4']])
    expect(await values({ Segment: { SegmentNumber: 1, TotalSegments: 2 } })).toEqual([['4']])
    const PartitionsToGet = [{ Values: ['3'] }, { Values: ['2'] }]
    const some = await glue.send(new BatchGetPartitionCommand({ DatabaseName, TableName, PartitionsToGet }))
    expect(some.Partitions?.map(found => found.Parameters)).toEqual([{ day: '3' }])
    await expect(
      glue.send(new GetPartitionCommand({ DatabaseName, TableName, PartitionValues: ['2'] })),
    ).rejects.toMatchObject({ name: 'EntityNotFoundException' })
  })

  it('keeps column statistics of a table', async () => {
    const TableName = 'measured'
    await create({ Name: TableName, StorageDescriptor: { Columns: [{ Name: 'n', Type: 'int' }] } })
    const statistics = {
      ColumnName: 'n',
      ColumnType: 'int',
      AnalyzedTime: new Date(1_700_000_000_000),
      StatisticsData: {
        Type: 'LONG',
        LongColumnStatisticsData: { NumberOfNulls: 1, NumberOfDistinctValues: 2, MaximumValue: 9 },
      },
    } as const
    await glue.send(
      new UpdateColumnStatisticsForTableCommand({
        DatabaseName,
        TableName,
        ColumnStatisticsList: [statistics],
      }),
    )
    const get = () =>
      glue.send(new GetColumnStatisticsForTableCommand({ DatabaseName, TableName, ColumnNames: ['n', 'm'] }))

    const found = await get()
    expect(found.ColumnStatisticsList).toEqual([statistics])
    expect(found.Errors?.map(error => error.ColumnName)).toEqual(['m'])
    await glue.send(new DeleteColumnStatisticsForTableCommand({ DatabaseName, TableName, ColumnName: 'n' }))
    expect((await get()).ColumnStatisticsList).toEqual([])
  })

  it('has no user-defined functions', async () => {
    const answer = await glue.send(new GetUserDefinedFunctionsCommand({ DatabaseName, Pattern: '.*' }))

    expect(answer.UserDefinedFunctions).toEqual([])
  })
})
