import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CALLER, type LocalAthena, openLocalAthena, readPage } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
  await athena.rows(
    "CREATE TABLE t (id bigint) LOCATION 's3://lake/t/' TBLPROPERTIES ('table_type'='ICEBERG')",
  )
})
afterAll(() => athena.close())
beforeEach(() => {
  athena.denied.clear()
})

/** A query that takes seconds unless it is stopped. */
const SLOW = `SELECT count(*) FROM ${Array.from({ length: 12 }, (_, index) => `(VALUES 1, 2, 3, 4, 5, 6, 7, 8, 9) AS t${index}(x)`).join(' CROSS JOIN ')}`

describe('a client request token', () => {
  const ClientRequestToken = 'transfer-model-step-group-0123456789'

  it('joins the execution it stands for, also a failed one', async () => {
    const first = await athena.finish('SELECT 1 / 0', { ClientRequestToken })
    const second = await athena.finish('SELECT 1 / 0', { ClientRequestToken })

    expect(first.Status.State).toBe('FAILED')
    expect(second.QueryExecutionId).toBe(first.QueryExecutionId)
  })

  it('joins it after a restart', async () => {
    const before = await athena.start('SELECT 1 / 0', { ClientRequestToken })
    await athena.restart()

    expect(await athena.start('SELECT 1 / 0', { ClientRequestToken })).toBe(before)
  })

  it('starts one query for calls at once', async () => {
    const token = { ClientRequestToken: 'b'.repeat(32) }
    const ids = await Promise.all([1, 2, 3].map(() => athena.start('SELECT 2', token)))

    expect(new Set(ids).size).toBe(1)
  })

  it('refuses another text', async () => {
    await expect(athena.start('SELECT 2', { ClientRequestToken })).rejects.toMatchObject({
      code: 'InvalidRequestException',
      message: 'Idempotent parameters do not match',
    })
  })

  it.each(['a'.repeat(31), 'a'.repeat(129)])(
    'refuses a token of another length than 32 to 128',
    async token => {
      await expect(athena.start('SELECT 1', { ClientRequestToken: token })).rejects.toMatchObject({
        code: 'InvalidRequestException',
      })
    },
  )
})

describe('StartQueryExecution refuses', () => {
  it.each([
    ['a text of more than 262,144 bytes', `SELECT '${'é'.repeat(131_072)}'`, {}, 'longer than 262144 bytes'],
    ['a text outside of the grammar', 'SELEC 1', {}, "line 1:1: mismatched input 'SELEC'"],
    ['no output location', 'SELECT 1', { ResultConfiguration: {} }, 'No output location provided'],
    [
      'a bucket that is not there',
      'SELECT 1',
      { ResultConfiguration: { OutputLocation: 's3://no-such-bucket/' } },
      'Unable to verify/create output bucket no-such-bucket',
    ],
    [
      'a bucket in another region',
      'SELECT 1',
      { ResultConfiguration: { OutputLocation: 's3://far-bucket/' } },
      'is in the same region',
    ],
    ['a workgroup that is not there', 'SELECT 1', { WorkGroup: 'nope' }, 'WorkGroup nope is not found'],
  ])('%s', async (_what, sql, more, message) => {
    await expect(athena.start(sql, more)).rejects.toMatchObject({
      code: 'InvalidRequestException',
      message: expect.stringContaining(message),
    })
  })
})

describe('a workgroup', () => {
  const account = CALLER.accountId

  it('reports its engine and limits', async () => {
    await athena.service.putWorkgroup(account, {
      name: 'limited',
      outputLocation: 's3://lake/own/',
      scanLimitBytes: 10,
    })

    expect(await athena.call('GetWorkGroup', { WorkGroup: 'limited' })).toMatchObject({
      WorkGroup: {
        Name: 'limited',
        State: 'ENABLED',
        Configuration: {
          BytesScannedCutoffPerQuery: 10,
          ResultConfiguration: { OutputLocation: 's3://lake/own/' },
          EngineVersion: { SelectedEngineVersion: 'AUTO', EffectiveEngineVersion: 'Athena engine version 3' },
        },
      },
    })
  })

  it('cancels a query that would scan more than its limit', async () => {
    await athena.rows('INSERT INTO t VALUES (1)')
    const query = await athena.finish('SELECT max(id) FROM t', { WorkGroup: 'limited' })

    expect(query.Status.State).toBe('CANCELLED')
    expect(query.Status.StateChangeReason).toBe('Bytes scanned limit was exceeded')
  })

  it('that enforces its configuration ignores the location of the call', async () => {
    await athena.service.putWorkgroup(account, {
      name: 'strict',
      outputLocation: 's3://lake/own/',
      enforcesConfiguration: true,
    })
    const query = await athena.finish('SELECT 1', { WorkGroup: 'strict' })

    expect(query.ResultConfiguration?.OutputLocation).toMatch(/^s3:\/\/lake\/own\//)
  })

  it('that manages results takes no location and still has results', async () => {
    await athena.service.putWorkgroup(account, { name: 'managed', managesResults: true })
    await expect(athena.start('SELECT 1', { WorkGroup: 'managed' })).rejects.toMatchObject({
      code: 'InvalidRequestException',
    })
    const query = await athena.finish('SELECT 7', { WorkGroup: 'managed', ResultConfiguration: undefined })

    const page = await readPage(athena, query.QueryExecutionId)
    expect(page.ResultSet.Rows[1]?.Data[0]?.VarCharValue).toBe('7')
  })

  it('that is disabled runs nothing', async () => {
    await athena.service.putWorkgroup(account, { name: 'off', state: 'DISABLED' })

    await expect(athena.start('SELECT 1', { WorkGroup: 'off' })).rejects.toMatchObject({
      message: 'WorkGroup off is disabled.',
    })
  })
})

describe('a query runs as its caller', () => {
  it.each([
    ['glue:GetDatabase arn:aws:glue:eu-west-1:123456789012:database/default', 'SELECT 1'],
    ['glue:GetTable', 'SELECT * FROM t'],
    ['s3:GetObject', 'SELECT * FROM t'],
    ['s3:PutObject arn:aws:s3:::lake/t/data/', 'INSERT INTO t VALUES (1)'],
    ['s3:PutObject arn:aws:s3:::lake/results/', 'SELECT 1'],
    ['glue:UpdateTable', 'INSERT INTO t VALUES (1)'],
    [
      'glue:CreateTable',
      "CREATE TABLE u (id int) LOCATION 's3://lake/u/' TBLPROPERTIES ('table_type'='ICEBERG')",
    ],
    [
      's3:ListBucket',
      "CREATE TABLE v (id int) LOCATION 's3://lake/v/' TBLPROPERTIES ('table_type'='ICEBERG')",
    ],
    ['glue:DeleteTable', 'DROP TABLE t'],
  ])('and fails without %s', async (denied, sql) => {
    athena.denied.add(denied)
    const query = await athena.finish(sql)

    const [action = '', resource = ''] = denied.split(' ')
    expect(query.Status.State).toBe('FAILED')
    expect(query.Status.StateChangeReason).toContain(
      `Insufficient permissions to execute the query. User: ${CALLER.arn} is not authorized to perform: ${action} on resource: ${resource}`,
    )
    expect(query.Status.AthenaError).toMatchObject({ ErrorCategory: 2, ErrorType: 1500, Retryable: false })
  })

  it('and each action of the API is asked for on the workgroup', async () => {
    athena.denied.add('athena:StartQueryExecution arn:aws:athena:eu-west-1:123456789012:workgroup/primary')

    await expect(athena.start('SELECT 1')).rejects.toMatchObject({ code: 'AccessDeniedException' })
  })
})

describe('a failed write', () => {
  it('leaves no file behind', async () => {
    const before = await athena.store.list(CALLER, 'lake', 't/')
    athena.addFault('athena.query.iceberg-commit-error')
    const query = await athena.finish('INSERT INTO t VALUES (2)')

    expect(query.Status.AthenaError).toMatchObject({ ErrorType: 233, Retryable: true })
    expect(await athena.store.list(CALLER, 'lake', 't/')).toEqual(before)
  })
})

describe('a query', () => {
  it('can be stopped while it runs', async () => {
    const id = await athena.start(SLOW)
    await delay(300)
    await athena.call('StopQueryExecution', { QueryExecutionId: id })
    const query = await athena.wait(id)

    expect(query.Status.State).toBe('CANCELLED')
    expect(await athena.rows('SELECT 1')).toEqual([['1']])
  })

  it('that was running when the service ended is over afterwards', async () => {
    const id = await athena.start(SLOW)
    await athena.restart()

    expect((await athena.wait(id)).Status.State).toBe('CANCELLED')
  })

  it('that was running when the process was killed has failed by the system, and may be repeated', async () => {
    const id = await athena.start(SLOW)
    await delay(200)
    await athena.crash()

    const query = await athena.wait(id)
    expect(query.Status.State).toBe('FAILED')
    expect(query.Status.AthenaError).toMatchObject({ ErrorCategory: 1, Retryable: true })
  })

  it('waits or fails when a fault says so', async () => {
    athena.addFault('athena.query.queue')
    const id = await athena.start('SELECT 1')
    const early = z
      .object({ QueryExecution: z.object({ Status: z.object({ State: z.string() }) }) })
      .parse(await athena.call('GetQueryExecution', { QueryExecutionId: id }))
    expect(early.QueryExecution.Status.State).toBe('QUEUED')
    await athena.call('StopQueryExecution', { QueryExecutionId: id })

    athena.addFault('athena.query.fail')
    expect((await athena.finish('SELECT 1')).Status.AthenaError).toMatchObject({
      ErrorCategory: 1,
      Retryable: true,
    })
  })

  it('is listed and described in batches', async () => {
    const id = await athena.start('SELECT 4')

    expect(await athena.call('ListQueryExecutions', { MaxResults: 1 })).toMatchObject({
      QueryExecutionIds: [id],
      NextToken: '1',
    })
    expect(await athena.call('BatchGetQueryExecution', { QueryExecutionIds: [id, 'nope'] })).toMatchObject({
      QueryExecutions: [{ QueryExecutionId: id }],
      UnprocessedQueryExecutionIds: [{ QueryExecutionId: 'nope' }],
    })
  })
})

describe('metadata through Athena', () => {
  it('shows databases and tables', async () => {
    const names = { CatalogName: 'AwsDataCatalog', DatabaseName: 'acme' }

    expect(await athena.call('ListDatabases', { CatalogName: 'AwsDataCatalog' })).toMatchObject({
      DatabaseList: [{ Name: 'default' }, { Name: 'acme' }],
    })
    expect(await athena.call('GetTableMetadata', { ...names, TableName: 't' })).toMatchObject({
      TableMetadata: { Name: 't', Columns: [{ Name: 'id', Type: 'bigint' }] },
    })
    await expect(athena.call('GetTableMetadata', { ...names, TableName: 'nope' })).rejects.toMatchObject({
      code: 'MetadataException',
    })
  })
})
