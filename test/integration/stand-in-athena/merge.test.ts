import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type LocalAthena, openLocalAthena, readPage } from './local-athena.ts'

let athena: LocalAthena
let tables = 0
let target: string
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

beforeEach(async () => {
  tables += 1
  target = `t${tables}`
  await athena.rows(
    `CREATE TABLE \`${target}\` (\`id\` bigint, \`name\` string, \`rank\` int) LOCATION 's3://lake/acme/${target}/' TBLPROPERTIES ('table_type'='ICEBERG')`,
  )
  await athena.rows(`INSERT INTO ${target} VALUES (1, 'one', 1), (2, 'two', 2), (NULL, 'none', 3)`)
})

function upsert(values: string, condition = ''): string {
  return `MERGE INTO ${target} AS t USING (SELECT * FROM (VALUES ${values}) AS v(id, name)) AS s ON t.id = s.id
    WHEN MATCHED ${condition} THEN UPDATE SET name = s.name
    WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)`
}

async function rows(): Promise<unknown> {
  return athena.rows(`SELECT id, name FROM ${target} ORDER BY id, name`)
}

async function snapshots(): Promise<number> {
  return (await athena.rows(`SELECT snapshot_id FROM "${target}$snapshots"`)).length
}

describe('MERGE', () => {
  it('updates what matches and inserts the rest, in one snapshot', async () => {
    const query = await athena.finish(upsert("(2, 'zwei'), (3, 'drei')"))

    const page = await readPage(athena, query.QueryExecutionId)
    expect(page.UpdateCount).toBe(2)
    expect(await rows()).toEqual([
      ['1', 'one'],
      ['2', 'zwei'],
      ['3', 'drei'],
      [null, 'none'],
    ])
    expect(await snapshots()).toBe(2)
  })

  it('keeps columns that are not set', async () => {
    await athena.rows(upsert("(2, 'zwei')"))

    expect(await athena.rows(`SELECT rank FROM ${target} WHERE id = 2`)).toEqual([['2']])
  })

  it('makes no snapshot when nothing changes', async () => {
    await athena.rows(upsert("(1, 'one'), (2, 'two')", 'AND t.name IS DISTINCT FROM s.name'))

    expect(await snapshots()).toBe(1)
  })

  it('never matches NULL keys with an equals sign', async () => {
    await athena.rows(upsert("(NULL, 'again')"))

    expect(await rows()).toEqual([
      ['1', 'one'],
      ['2', 'two'],
      [null, 'again'],
      [null, 'none'],
    ])
  })

  it('matches NULL keys with IS NOT DISTINCT FROM', async () => {
    const sql = upsert("(NULL, 'again')").replace('t.id = s.id', 't.id IS NOT DISTINCT FROM s.id')
    await athena.rows(sql)

    expect(await rows()).toEqual([
      ['1', 'one'],
      ['2', 'two'],
      [null, 'again'],
    ])
  })

  it('refuses two source rows for one target row and writes nothing', async () => {
    const query = await athena.finish(upsert("(1, 'a'), (1, 'b')"))

    expect(query.Status.StateChangeReason).toBe(
      'MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more than one source row',
    )
    expect(await snapshots()).toBe(1)
  })

  it('inserts two source rows of one new key', async () => {
    await athena.rows(upsert("(7, 'a'), (7, 'b')"))

    expect(await rows()).toContainEqual(['7', 'b'])
  })

  it('applies the first clause that fits', async () => {
    await athena.rows(`MERGE INTO ${target} AS t USING (VALUES 1, 2, 9) AS s(id) ON t.id = s.id
      WHEN MATCHED AND t.rank = 1 THEN DELETE
      WHEN MATCHED THEN UPDATE SET name = 'second'
      WHEN NOT MATCHED AND s.id > 100 THEN INSERT (id) VALUES (s.id)
      WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, 'new')`)

    expect(await rows()).toEqual([
      ['2', 'second'],
      ['9', 'new'],
      [null, 'none'],
    ])
  })

  it('replaces the whole table with a marker row', async () => {
    await athena.rows(`MERGE INTO ${target} AS t
      USING (SELECT 5 AS id, 'five' AS name, false AS gone UNION ALL SELECT NULL, NULL, true) AS s ON s.gone
      WHEN MATCHED THEN DELETE
      WHEN NOT MATCHED AND NOT s.gone THEN INSERT (id, name) VALUES (s.id, s.name)`)

    expect(await rows()).toEqual([['5', 'five']])
    expect(await snapshots()).toBe(2)
    expect(await athena.rows(`SELECT count(*) FROM "${target}$files"`)).toEqual([['1']])
  })

  it('refuses values of another type', async () => {
    const query = await athena.finish(upsert("('1', 'one')").replace('t.id = s.id', 't.name = s.id'))

    expect(query.Status.StateChangeReason).toContain('TYPE_MISMATCH: line 3:')
    expect(query.Status.AthenaError?.ErrorCategory).toBe(2)
  })

  it('leaves files alone that its keys cannot be in', async () => {
    await athena.rows(`INSERT INTO ${target} SELECT x + 1000, 'far', 0 FROM (VALUES 1, 2, 3) AS v(x)`)
    const near = await athena.finish(upsert("(1, 'near')"))
    const far = await athena.finish(upsert("(1, 'near'), (1002, 'far')"))

    expect(near.Statistics.DataScannedInBytes).toBeLessThan(far.Statistics.DataScannedInBytes)
  })

  it('goes on correctly over its own delete files', async () => {
    for (const name of ['a', 'b', 'c']) await athena.rows(upsert(`(1, '${name}'), (2, '${name}')`))

    expect(await rows()).toEqual([
      ['1', 'c'],
      ['2', 'c'],
      [null, 'none'],
    ])
  })
})

describe("Athena's limits", () => {
  it('refuse a MERGE of more than 321 columns with several WHEN clauses', async () => {
    const wide = async (name: string, count: number): Promise<string | undefined> => {
      const columns = Array.from({ length: count }, (_, index) => `c${index} int`)
      await athena.rows(
        `CREATE TABLE ${name} (${columns.join(', ')}) LOCATION 's3://lake/acme/${name}/' TBLPROPERTIES ('table_type'='ICEBERG')`,
      )
      const { Status } = await athena.finish(
        `MERGE INTO ${name} AS t USING (VALUES 1) AS s(id) ON t.c0 = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (c0) VALUES (s.id)`,
      )
      return Status.StateChangeReason ?? Status.State
    }

    expect(await wide('wide', 321)).toBe('SUCCEEDED')
    expect(await wide('wider', 322)).toBe('GENERIC_INTERNAL_ERROR: MERGE of 322 columns is too wide')
  })

  it('refuse a MERGE into more than 100 partitions and write nothing', async () => {
    await athena.rows(
      "CREATE TABLE parted (id int) PARTITIONED BY (id) LOCATION 's3://lake/acme/parted/' TBLPROPERTIES ('table_type'='ICEBERG')",
    )
    const merge = (count: number): string => {
      const ids = Array.from({ length: count }, (_, index) => index)
      return `MERGE INTO parted AS t USING (VALUES ${ids.join(', ')}) AS s(id) ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`
    }

    const refused = await athena.finish(merge(101))
    expect(refused.Status.StateChangeReason).toMatch(/^HIVE_TOO_MANY_OPEN_PARTITIONS: /)
    expect(await athena.rows('SELECT count(*) FROM parted')).toEqual([['0']])
    expect((await athena.finish(merge(100))).Status.State).toBe('SUCCEEDED')
  })
})

it('changes nothing for a caller who may not write the result', async () => {
  athena.denied.add('s3:PutObject arn:aws:s3:::lake/results/')
  const query = await athena.finish(`DELETE FROM ${target}`)
  athena.denied.clear()

  expect(query.Status.StateChangeReason).toMatch(/not authorized to perform: s3:PutObject/)
  expect(await athena.rows(`SELECT count(*) FROM ${target}`)).toEqual([['3']])
})

describe('two writers at once', () => {
  it('let one of two insert-only merges into an empty table commit', async () => {
    await athena.rows(`DELETE FROM ${target}`)
    athena.holdCommits(2)
    const sql = `MERGE INTO ${target} AS t USING (VALUES 1) AS s(id) ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`
    const ids = await Promise.all([athena.start(sql), athena.start(sql)])
    const states = (await Promise.all(ids.map(id => athena.wait(id)))).map(query => query.Status.State)

    expect(states.toSorted()).toEqual(['FAILED', 'SUCCEEDED'])
    expect(await athena.rows(`SELECT count(*) FROM ${target}`)).toEqual([['1']])
  })

  it('let both merges commit whose literal bounds cannot meet', async () => {
    await athena.rows(`DELETE FROM ${target}`)
    athena.holdCommits(2)
    const sql = (id: number): string => `MERGE INTO ${target} AS t USING (VALUES ${id}) AS s(id)
      ON t.id = s.id AND t.id BETWEEN ${id} AND ${id} WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`
    const ids = await Promise.all([athena.start(sql(1)), athena.start(sql(2))])
    const states = (await Promise.all(ids.map(id => athena.wait(id)))).map(query => query.Status.State)

    expect(states).toEqual(['SUCCEEDED', 'SUCCEEDED'])
  })

  it('let exactly one of two updating merges commit', async () => {
    athena.holdCommits(2)
    const ids = await Promise.all(["(1, 'first')", "(1, 'second')"].map(row => athena.start(upsert(row))))
    const ended = await Promise.all(ids.map(id => athena.wait(id)))

    const failed = ended.filter(query => query.Status.State === 'FAILED')
    expect(failed).toHaveLength(1)
    expect(failed[0]?.Status.StateChangeReason).toMatch(
      /^ICEBERG_COMMIT_ERROR: Failed to commit the transaction during write: Found conflicting files that can contain records matching/,
    )
    expect(failed[0]?.Status.AthenaError).toMatchObject({ ErrorCategory: 2, ErrorType: 233, Retryable: true })
  })
})

describe('UPDATE, DELETE and INSERT', () => {
  it('change rows in one snapshot each', async () => {
    await athena.rows(`UPDATE ${target} SET name = upper(name), rank = rank + 1 WHERE id >= 1`)
    await athena.rows(`DELETE FROM ${target} WHERE id IS NULL`)

    expect(await athena.rows(`SELECT name, rank FROM ${target} ORDER BY id`)).toEqual([
      ['ONE', '2'],
      ['TWO', '3'],
    ])
    expect(await snapshots()).toBe(3)
  })

  it('drop a file that loses all its rows', async () => {
    await athena.rows(`DELETE FROM ${target}`)

    expect(await athena.rows(`SELECT * FROM "${target}$files"`)).toEqual([])
  })

  it('insert by name, and refuse what has another type', async () => {
    await athena.rows(`INSERT INTO ${target} (name, id) SELECT 'three', 3`)
    const wrong = await athena.finish(`INSERT INTO ${target} SELECT '1', 1, 1`)

    expect(await rows()).toContainEqual(['3', 'three'])
    expect(wrong.Status.StateChangeReason).toBe(
      'TYPE_MISMATCH: line 1:13: Insert query has mismatched column types: Table: [bigint, varchar, integer], Query: [varchar(1), integer, integer]',
    )
  })

  it('let two inserts at once both commit', async () => {
    athena.holdCommits(2)
    const ids = await Promise.all([4, 5].map(id => athena.start(`INSERT INTO ${target} (id) VALUES (${id})`)))
    await Promise.all(ids.map(id => athena.wait(id)))

    expect(await athena.rows(`SELECT count(*) FROM ${target}`)).toEqual([['5']])
  })
})
