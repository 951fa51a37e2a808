import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { PLACE } from './place.ts'
import { finish, runStatement, type StatementOptions, startStatement } from './run-statement.ts'
import { type Analyst, type Denied, startTrinoStandIn, type TrinoStandIn } from './trino-stand-in.ts'

let lane: TrinoStandIn
let owner: Analyst
let count = 0
let table: string
beforeAll(async () => {
  lane = await startTrinoStandIn()
  owner = await lane.createAnalyst('owner')
})
afterAll(() => lane.standIn.stop())
beforeEach(async () => {
  count += 1
  table = `t${count}`
  await done(create(table, 'id bigint, name string'))
  await done(`INSERT INTO ${table} VALUES (1, 'one'), (1, 'two'), (1, 'three')`)
})

function create(name: string, columns: string, more = '', properties = ''): string {
  return `CREATE TABLE ${name} (${columns}) ${more} LOCATION 's3://${PLACE.bucket}/${name}/' TBLPROPERTIES ('table_type'='ICEBERG'${properties})`
}

async function done(sql: string, options: StatementOptions = {}) {
  const outcome = await runStatement(owner.athena, sql, options)
  if (outcome.state !== 'SUCCEEDED') throw new Error(`${sql.slice(0, 300)}: ${outcome.reason}`)
  return outcome
}

/** The only value of the only row. */
async function value(sql: string): Promise<string | null> {
  const { rows } = await done(sql)
  const [header, cells] = [rows.length - 1, z.array(z.string().nullable())]
  const values = rows.map(row => cells.parse(JSON.parse(row))[0] ?? null)
  if (header !== 1) throw new Error(`${rows.length} rows`)
  return values.find(one => one !== 'v') ?? null
}

async function objectKeys(): Promise<readonly string[]> {
  const { Contents = [] } = await owner.s3.listObjectsV2({ Bucket: PLACE.bucket, Prefix: `${table}/` })
  return Contents.map(({ Key = '' }) => Key)
}

describe('OPTIMIZE and VACUUM', () => {
  it('OPTIMIZE makes one file of many, with the same rows', async () => {
    for (const name of ['four', 'five']) await done(`INSERT INTO ${table} VALUES (1, '${name}')`)
    expect(await value(`SELECT count(*) AS v FROM "${table}$files"`)).toBe('3')
    const before = (await done(`SELECT * FROM ${table}`)).rows

    await done(`OPTIMIZE ${table} REWRITE DATA USING BIN_PACK`)

    expect(await value(`SELECT count(*) AS v FROM "${table}$files"`)).toBe('1')
    expect((await done(`SELECT * FROM ${table}`)).rows).toEqual(before)
  })

  it('OPTIMIZE with a condition leaves the other partitions alone', async () => {
    await done(create(`${table}_p`, 'id bigint, day int', 'PARTITIONED BY (day)'))
    for (const day of [1, 1, 2, 2]) await done(`INSERT INTO ${table}_p VALUES (1, ${day})`)

    await done(`OPTIMIZE ${table}_p REWRITE DATA USING BIN_PACK WHERE day = 1`)

    expect(await value(`SELECT count(*) AS v FROM "${table}_p$files"`)).toBe('3')
  })

  it('VACUUM expires the snapshots that are older than the table says, and removes their files', async () => {
    await done(create(`${table}_v`, 'id bigint', '', ", 'vacuum_max_snapshot_age_seconds'='1'"))
    for (const id of [1, 2]) await done(`INSERT INTO ${table}_v VALUES (${id})`)
    await done(`OPTIMIZE ${table}_v REWRITE DATA USING BIN_PACK`)
    table = `${table}_v`
    const filesBefore = await objectKeys()
    await delay(1500)

    await done(`VACUUM ${table}`)

    expect(await value(`SELECT count(*) AS v FROM "${table}$snapshots"`)).toBe('1')
    expect(await value(`SELECT sum(id) AS v FROM ${table}`)).toBe('3')
    const filesAfter = new Set(await objectKeys())
    expect(filesBefore.filter(key => key.endsWith('.parquet') && !filesAfter.has(key))).toHaveLength(2)
  })

  it('VACUUM keeps five days of snapshots where the table says nothing', async () => {
    const snapshots = await value(`SELECT count(*) AS v FROM "${table}$snapshots"`)

    await done(`VACUUM ${table}`)

    expect(await value(`SELECT count(*) AS v FROM "${table}$snapshots"`)).toBe(snapshots)
  })
})

describe('limits', () => {
  it('a query that scans more than its workgroup allows is cancelled', async () => {
    await lane.standIn.admin('PUT', `workgroups/${PLACE.accountId}/small`, {
      region: PLACE.region,
      scanLimitBytes: 100,
    })
    const [workgroup, sql] = ['small', `SELECT * FROM ${table}`]

    expect(await runStatement(owner.athena, sql, { workgroup })).toMatchObject({
      state: 'CANCELLED',
      reason: 'Bytes scanned limit was exceeded',
    })
    expect((await runStatement(owner.athena, sql)).state).toBe('SUCCEEDED')
    expect((await runStatement(owner.athena, 'SELECT 1', { workgroup })).state).toBe('SUCCEEDED')
  })

  it('a MERGE of more than 321 columns with several WHEN clauses is refused', async () => {
    const wide = async (columnCount: number): Promise<string> => {
      const columns = Array.from({ length: columnCount }, (_, index) => `c${index} int`)
      await done(create(`${table}_${columnCount}`, columns.join(', ')))
      const { state, reason } = await runStatement(
        owner.athena,
        `MERGE INTO ${table}_${columnCount} AS t USING (VALUES 1) AS s(id) ON t.c0 = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (c0) VALUES (s.id)`,
      )
      return reason || state
    }

    expect(await wide(321)).toBe('SUCCEEDED')
    expect(await wide(322)).toBe('GENERIC_INTERNAL_ERROR: MERGE of 322 columns is too wide')
  })

  it('a MERGE into more than 100 partitions is refused and writes nothing', async () => {
    await done(create(`${table}_p`, 'id int', 'PARTITIONED BY (id)'))
    const merge = (partitions: number): string => {
      const ids = Array.from({ length: partitions }, (_, index) => index)
      return `MERGE INTO ${table}_p AS t USING (VALUES ${ids.join(', ')}) AS s(id) ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`
    }

    const refused = await runStatement(owner.athena, merge(101))
    expect(refused.reason).toMatch(/^HIVE_TOO_MANY_OPEN_PARTITIONS: /)
    expect(await value(`SELECT count(*) AS v FROM ${table}_p`)).toBe('0')
    await done(merge(100))
  })
})

describe('statements beyond the grammar that both engines share', () => {
  it('run in Trino', async () => {
    const { rows } = await done(
      `SELECT transform(array_agg(id), x -> x + 1) AS ids, max(n) AS n FROM ${table} CROSS JOIN UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS u(v, n)`,
    )
    expect(rows).toContain('["[2, 2, 2, 2, 2, 2]","2"]')

    expect(
      await done(`INSERT INTO ${table} SELECT element_at(transform(ARRAY[7], x -> x), 1), 'seven'`),
    ).toMatchObject({ updateCount: 1 })
    expect(await value(`SELECT count(*) AS v FROM ${table}`)).toBe('4')
  })

  it.each([
    'SELECT transform(ARRAY[1], x -> x), q.* FROM system.runtime.queries AS q',
    'SELECT transform(ARRAY[1], x -> x), t.* FROM information_schema.tables AS t',
    'SELECT transform(ARRAY[1], x -> x) FROM TABLE(nowhere())',
    'CREATE VIEW v AS SELECT 1 AS x',
    'EXPLAIN SELECT 1',
  ])('are refused, without a word of the other engine, where neither runs them: %s', async sql => {
    const { state, reason } = await runStatement(owner.athena, sql)

    expect(state).toBe('FAILED')
    expect(reason).toMatch(/^NOT_SUPPORTED: .*of the stand-in|^NOT_SUPPORTED: .*by the stand-in/)
    expect(reason).not.toContain('--engine')
  })
})

it('StopQueryExecution ends a running query in Trino too', async () => {
  const x = 'UNNEST(sequence(1, 10000))'
  const id = await startStatement(
    owner.athena,
    `SELECT count(*) FROM ${x} AS a(x) CROSS JOIN ${x} AS b(x) CROSS JOIN ${x} AS c(x) CROSS JOIN ${x} AS d(x)`,
  )
  await vi.waitFor(async () => expect(await runningInTrino()).toBe(1), 20_000)

  await owner.athena.stopQueryExecution({ QueryExecutionId: id })

  const { Status } = await finish(owner.athena, id)
  expect(Status).toMatchObject({ State: 'CANCELLED', StateChangeReason: 'Query cancelled by user' })
  await vi.waitFor(async () => expect(await runningInTrino()).toBe(0), 20_000)
})

async function runningInTrino(): Promise<number> {
  const headers = { 'x-trino-user': 'test' }
  const response = await fetch(`${await lane.trinoUrl()}/v1/query?state=RUNNING`, { headers })
  return z.array(z.unknown()).parse(await response.json()).length
}

describe('a caller without a right is refused before the statement runs', () => {
  const s3 = (key: string): readonly string[] => [`arn:aws:s3:::${PLACE.bucket}/${key}`]
  const glue = (name: string): readonly string[] => [
    `arn:aws:glue:${PLACE.region}:${PLACE.accountId}:table/${PLACE.schema}/${name}`,
  ]
  const cases: readonly (readonly [
    what: string,
    denied: (secret: string) => Denied,
    sql: (secret: string) => string,
  ])[] = [
    [
      'on the entry of a table that is read',
      secret => ({ actions: ['glue:GetTable'], resources: glue(secret) }),
      secret => `INSERT INTO ${table} SELECT * FROM ${secret}`,
    ],
    [
      'on an object of a table that is read',
      secret => ({ actions: ['s3:GetObject'], resources: s3(`${secret}/data/*`) }),
      secret => `INSERT INTO ${table} SELECT * FROM ${secret}`,
    ],
    [
      'on an object of a table that only the plan names',
      secret => ({ actions: ['s3:GetObject'], resources: s3(`${secret}/data/*`) }),
      secret =>
        `INSERT INTO ${table} SELECT element_at(transform(ARRAY[id], x -> x), 1), name FROM ${secret}`,
    ],
    [
      'on the entry of the table that is changed',
      secret => ({ actions: ['glue:UpdateTable'], resources: glue(secret) }),
      secret => `DELETE FROM ${secret}`,
    ],
    [
      'on the folder of the table that is changed',
      secret => ({ actions: ['s3:PutObject'], resources: s3(`${secret}/*`) }),
      secret =>
        `MERGE INTO ${secret} AS t USING ${table} AS s ON false WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name)`,
    ],
    [
      'on the place of the result',
      () => ({ actions: ['s3:PutObject'], resources: s3('results/*') }),
      secret => `DELETE FROM ${secret}`,
    ],
    [
      'on the objects that OPTIMIZE reads',
      secret => ({ actions: ['s3:GetObject'], resources: s3(`${secret}/data/*`) }),
      secret => `OPTIMIZE ${secret} REWRITE DATA USING BIN_PACK`,
    ],
    [
      'to delete what VACUUM removes',
      secret => ({ actions: ['s3:DeleteObject'], resources: s3(`${secret}/*`) }),
      secret => `VACUUM ${secret}`,
    ],
  ]
  it.each(cases)('%s', async (what, denied, sql) => {
    const secret = `${table}_secret`
    await done(create(secret, 'id bigint, name string'))
    await done(`INSERT INTO ${secret} VALUES (7, 'secret'), (8, 'secret')`)
    const caller = await lane.createAnalyst(`without-${what.replaceAll(' ', '-')}`, denied(secret))
    await lane.standIn.clearAudit()

    const outcome = await runStatement(caller.athena, sql(secret))

    expect(outcome).toMatchObject({ state: 'FAILED', error: expect.stringMatching(/ 1500$/) })
    expect(outcome.reason).toMatch(/not authorized to perform/)
    const entries = await lane.standIn.audit()
    const changes = entries.filter(
      ({ callerArn, action, resource }) =>
        isTrino(callerArn) && (/Put|Update|Delete/.test(action) || resource.includes('/data/')),
    )
    expect(changes).toEqual([])
    expect(await value(`SELECT count(*) AS v FROM ${table}`)).toBe('3')
    expect(await value(`SELECT count(*) AS v FROM ${secret}`)).toBe('2')
  })

  function isTrino(callerArn: string): boolean {
    return callerArn.endsWith('user/stand-in-trino')
  }
})
