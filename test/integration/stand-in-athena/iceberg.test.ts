import { readFile } from 'node:fs/promises'
import { icebergRead } from 'icebird'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { CALLER, type LocalAthena, openLocalAthena } from './local-athena.ts'

let athena: LocalAthena
beforeAll(async () => {
  athena = await openLocalAthena()
})
afterAll(() => athena.close())

/** Lets another library read the objects by the addresses that S3 would have. */
async function fetchObject(input: unknown, init?: RequestInit): Promise<Response> {
  const url = new URL(String(input))
  const bucket = url.hostname.split('.')[0] ?? ''
  const object = await athena.store.get(CALLER, bucket, decodeURIComponent(url.pathname.slice(1)))
  const bytes = await readFile(object.path)
  const [, from, to] = /bytes=(\d+)-(\d*)/.exec(new Headers(init?.headers).get('range') ?? '') ?? []
  if (from === undefined) return new Response(bytes, { headers: { 'content-length': String(bytes.length) } })
  const part = bytes.subarray(Number(from), to === '' || to === undefined ? undefined : Number(to) + 1)
  return new Response(part, { status: 206, headers: { 'content-length': String(part.length) } })
}

beforeEach(() => vi.stubGlobal('fetch', fetchObject))
afterEach(() => vi.unstubAllGlobals())

async function readWithIcebird(table: string): Promise<readonly Record<string, unknown>[]> {
  const { Parameters: parameters } = await athena.catalog.getTable(CALLER, 'acme', table)
  const location = parameters?.metadata_location ?? ''
  const metadata = JSON.parse(
    await athena.readObject(location),
    (_key, value, context?: { source?: string }) =>
      Number.isSafeInteger(value) || typeof value !== 'number' ? value : BigInt(context?.source ?? value),
  )
  return icebergRead({ tableUrl: `s3://lake/${table}`, metadata })
}

describe('another Iceberg reader', () => {
  it('finds the rows of inserts, merges, updates and deletes', async () => {
    await athena.rows(
      "CREATE TABLE shared (id bigint, name string, total decimal(10,2), day date) LOCATION 's3://lake/shared/' TBLPROPERTIES ('table_type'='ICEBERG')",
    )
    await athena.rows(
      "INSERT INTO shared VALUES (1, 'one', 1.5, DATE '2024-01-01'), (2, 'two', NULL, NULL), (3, 'three', 3.0, NULL)",
    )
    await athena.rows(`MERGE INTO shared t USING (VALUES (2, 'zwei'), (4, 'vier')) AS s(id, name) ON t.id = s.id
      WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)`)
    await athena.rows('DELETE FROM shared WHERE id = 3')

    const rows = await readWithIcebird('shared')

    const byId = rows.toSorted((a, b) => Number(a.id) - Number(b.id))
    expect(byId.map(row => [row.id, row.name, row.total ?? null])).toEqual([
      [1n, 'one', 1.5],
      [2n, 'zwei', null],
      [4n, 'vier', null],
    ])
    expect(byId[0]?.day).toEqual(new Date('2024-01-01'))
  })

  it('reads the log of snapshots that time travel goes by', async () => {
    const ids = await athena.rows(
      'SELECT snapshot_id, operation FROM "shared$snapshots" ORDER BY committed_at',
    )
    const [first] = ids

    expect(ids.map(([, operation]) => operation)).toEqual(['append', 'overwrite', 'delete'])
    expect(await athena.rows(`SELECT count(*) FROM shared FOR VERSION AS OF ${first?.[0]}`)).toEqual([['3']])
    const reasonOf = async (version: string): Promise<string | undefined> =>
      (await athena.finish(`SELECT * FROM shared FOR VERSION AS OF ${version}`)).Status.StateChangeReason
    expect(await reasonOf('9999999999')).toMatch(/^INVALID_ARGUMENTS: /)
    expect(await reasonOf('1')).toBe('NOT_SUPPORTED: Unsupported type for table version: integer')
    expect(await athena.rows('SELECT is_current_ancestor FROM "shared$history"')).toEqual([
      ['true'],
      ['true'],
      ['true'],
    ])
  })
})
