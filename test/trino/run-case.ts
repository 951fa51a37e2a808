import { z } from 'zod'
import { readTarget } from '../../src/catalog/read-target.ts'
import { createStagingTable } from '../../src/catalog/staging-table.ts'
import type { Model } from '../../src/domain/model.ts'
import { planLoad } from '../../src/load/plan-load.ts'
import type { Comparison } from './comparison.ts'
import type { ModelCase } from './model-cases.ts'
import { PLACE } from './place.ts'
import type { Side } from './side.ts'
import { stagedFile } from './staged-file.ts'

/** Loads a case's first two batches, each twice: the second time changes nothing. */
export async function loadCase(both: Comparison, name: string, one: ModelCase): Promise<void> {
  await load(both, name, one.model, one.batches[0] ?? [], 1)
  await load(both, name, one.evolved, one.batches[1] ?? [], 2)
}

/** Goes on with a case's table, whoever wrote it: reads, loads, changes rows by hand, and reads again. */
export async function continueCase(both: Comparison, name: string, one: ModelCase): Promise<void> {
  await look(both, name)
  await load(both, name, one.evolved, one.batches[2] ?? [], 3)
  const table = `"${PLACE.schema}"."${name}"`
  const [key] = one.evolved.columns
  const last = one.evolved.columns.at(-1)
  if (!key || !last) throw new Error('a model has columns')
  if (last !== key && !one.evolved.primaryKey.includes(last.name)) {
    await both.statement(
      `UPDATE ${table} SET "${last.tableName}" = NULL WHERE "${last.tableName}" IS NOT NULL`,
    )
    await look(both, name)
  }
  await both.statement(
    `DELETE FROM ${table} WHERE "${key.tableName}" IN (SELECT min("${key.tableName}") FROM ${table})`,
  )
  await look(both, name)
}

async function load(
  both: Comparison,
  name: string,
  model: Model,
  rows: readonly (readonly string[])[],
  batch: number,
): Promise<void> {
  if (rows.length === 0) return
  const stagingTable = `${name}_staged_${batch}`
  const folder = `staged/${stagingTable}/`
  const input = {
    database: PLACE.schema,
    model: { ...model, tableName: name },
    targetLocation: `s3://${PLACE.bucket}/data/${name}/`,
    writeMode: model.writeMode,
    stagingTable,
    stagingLocation: `s3://${PLACE.bucket}/${folder}`,
    bounds: [],
    partitionedBy: undefined,
    partitions: [],
  }
  const bytes = await stagedFile(model, rows)
  const target = await readTarget(both.duckdb.glue, PLACE.schema, name)
  const plan = planLoad({ ...input, target })
  await both.value('the plan', async side =>
    planLoad({ ...input, target: await readTarget(side.glue, PLACE.schema, name) }),
  )
  const prepare = async (side: Side): Promise<void> => {
    await side.s3.putObject({ Bucket: PLACE.bucket, Key: `${folder}rows.parquet`, Body: bytes })
    const { table, location, columns } = plan.staging
    await createStagingTable(side.glue, PLACE.schema, { name: table, location, columns, transferId: name })
  }
  await Promise.all([prepare(both.duckdb), prepare(both.trino)])
  for (const sql of plan.targetStatements) await both.statement(sql)
  await both.statement(`SELECT * FROM "${PLACE.schema}"."${stagingTable}"`)
  for (const { sql } of plan.load.steps) await both.statement(sql)
  await look(both, name)
  for (const { sql } of plan.load.steps) await both.statement(sql)
  await look(both, name)
}

async function look(both: Comparison, name: string): Promise<void> {
  await both.statement(`SELECT * FROM "${PLACE.schema}"."${name}"`)
  await both.value(`the snapshots of ${name}`, side => snapshotCount(side, name))
  await both.value(`the columns of ${name} in Glue`, async side => ({
    ...(await readTarget(side.glue, PLACE.schema, name)),
    metadataLocation: 'of its own',
  }))
}

const metadataSchema = z.object({
  snapshots: z.array(z.object({ summary: z.record(z.string(), z.string()) })).default([]),
})

/**
 * Snapshots that came after the table's creation: Trino's CREATE TABLE appends nothing and calls it the first one,
 * which Athena's, being Hive's DDL, has no reason to do.
 */
async function snapshotCount(side: Side, name: string): Promise<number> {
  const { Table } = await side.glue.getTable({ DatabaseName: PLACE.schema, Name: name })
  const [, Bucket = '', Key = ''] =
    /^s3:\/\/([^/]+)\/(.*)$/.exec(Table?.Parameters?.metadata_location ?? '') ?? []
  const { Body } = await side.s3.getObject({ Bucket, Key })
  const { snapshots } = metadataSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''))
  const isEmpty = snapshots[0]?.summary.operation === 'append' && !snapshots[0].summary['added-data-files']
  return snapshots.length - (isEmpty ? 1 : 0)
}
