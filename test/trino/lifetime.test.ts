import { globSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { PLACE } from './place.ts'
import { runStatement } from './run-statement.ts'
import { startTrinoStandIn, type TrinoStandIn } from './trino-stand-in.ts'

let lane: TrinoStandIn
beforeAll(async () => {
  lane = await startTrinoStandIn({ trino: 'own' })
})
afterAll(() => lane.standIn.stop())

/** Processes whose command line names the stand-in's own Trino. */
function trinoProcesses(): readonly string[] {
  return globSync('/proc/[0-9]*/cmdline').filter(path => {
    try {
      return readFileSync(path, 'utf8').includes(`-Dnode.data-dir=${lane.standIn.dataDir}/`)
    } catch {
      return false // The process has ended since it was listed.
    }
  })
}

it('no Trino outlives a stand-in that is killed, and a restart goes on with the same data', async () => {
  const { athena } = await lane.createAnalyst('owner')
  const run = (sql: string) => runStatement(athena, sql)
  await run(
    `CREATE TABLE kept (id bigint) LOCATION 's3://${PLACE.bucket}/kept/' TBLPROPERTIES ('table_type'='ICEBERG')`,
  )
  await run('INSERT INTO kept VALUES (1)')
  const before = trinoProcesses()
  expect(before).not.toEqual([])

  await lane.standIn.restart('SIGKILL', 'duckdb')

  await vi.waitFor(() => expect(trinoProcesses().filter(path => before.includes(path))).toEqual([]), 10_000)
  expect((await run('SELECT id FROM kept')).rows).toEqual(['["1"]', '["id"]'])
})
