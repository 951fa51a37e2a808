import { z } from 'zod'
import { readTarget } from '../../src/catalog/read-target.ts'
import { createStagingTable } from '../../src/catalog/staging-table.ts'
import type { Model } from '../../src/domain/model.ts'
import { windowCursorOf } from '../../src/domain/row-identity.ts'
import { recordAfter, type TableRecord } from '../../src/domain/table-record.ts'
import { type ActiveVersion, removesUnstagedRows } from '../../src/load/load-statement.ts'
import { modelForTable } from '../../src/load/model-for-table.ts'
import { planLoad } from '../../src/load/plan-load.ts'
import { identityColumns } from '../../src/load/staged-rows.ts'
import { watermarkQuery } from '../../src/load/watermark-query.ts'
import { VERSION_COLUMN } from '../../src/sources/singer/stream-shape.ts'
import type { Comparison } from './comparison.ts'
import { ACTIVE_VERSION, type CaseLoad, type ModelCase } from './model-cases.ts'
import { PLACE } from './place.ts'
import type { Side } from './side.ts'
import { stagedBatch } from './staged-batch.ts'

/** A case of which the first two loads are done. */
export interface LoadedCase {
  readonly name: string
  readonly third: CaseLoad
  readonly record: TableRecord
}

/** Loads a case's first two batches, each twice: the second time changes nothing. */
export async function loadCase(
  both: Comparison,
  name: string,
  [first, second, third]: ModelCase,
): Promise<LoadedCase> {
  const before = await load(both, { name, batch: 1, record: undefined }, first)
  const record = await load(both, { name, batch: 2, record: before }, second)
  return { name, third, record }
}

/**
 * Goes on with a case's table, whoever wrote it: reads, loads, changes rows by hand, and reads again. Conditions by hand
 * leave no file out, for the reason that `freshlyWidened` gives.
 */
export async function continueCase(both: Comparison, { name, third, record }: LoadedCase): Promise<void> {
  await look(both, name)
  await load(both, { name, batch: LAST_BATCH, record }, third)
  const { model } = third
  const table = `"${PLACE.schema}"."${name}"`
  const [identity] = identityColumns(model)
  const last = model.columns.at(-1)
  if (last && !model.primaryKey.includes(last.name)) {
    await both.statement(
      `UPDATE ${table} SET "${last.tableName}" = NULL WHERE CASE WHEN "${last.tableName}" IS NULL THEN 0 ELSE 1 END = 1`,
    )
    await look(both, name)
  }
  await both.statement(
    `DELETE FROM ${table} WHERE CAST("${identity}" AS varchar) IN (SELECT CAST(min("${identity}") AS varchar) FROM ${table})`,
  )
  await look(both, name)
}

/** A table, which of its loads comes, and what is known of those before. */
interface Loading {
  readonly name: string
  readonly batch: number
  readonly record: TableRecord | undefined
}

/** As the straight line loads: what the table is, then the plan's DDL, the staged rows and the load; gives what was loaded. */
async function load(
  both: Comparison,
  { name, batch, record }: Loading,
  { model: declared, writeMode, rows }: CaseLoad,
): Promise<TableRecord> {
  const targetLocation = `s3://${PLACE.bucket}/data/${name}`
  const target = await readTarget(both.duckdb.glue, PLACE.schema, name)
  const model = modelForTable({ model: { ...declared, tableName: name }, target, record })
  const { bytes, bounds } = await stagedBatch(model, rows)
  const stagingTable = `${name}_staged_${batch}`
  const folder = `staged/${stagingTable}/`
  const input = {
    database: PLACE.schema,
    model,
    writeMode,
    record,
    bounds,
    targetLocation: `${targetLocation}/`,
    stagingTable,
    stagingLocation: `s3://${PLACE.bucket}/${folder}`,
    activeVersion: batch === LAST_BATCH ? activeVersionOf(model) : undefined,
    partitionedBy: undefined,
    partitions: [],
  }
  const plan = planLoad({ ...input, target })
  await both.value('the plan', async side =>
    planLoad({ ...input, target: await readTarget(side.glue, PLACE.schema, name) }),
  )
  for (const sql of plan.targetStatements) await both.statement(sql)
  let hasChanged = false
  if (bytes || removesUnstagedRows(input)) {
    const prepare = async (side: Side): Promise<void> => {
      if (bytes) await side.s3.putObject({ Bucket: PLACE.bucket, Key: `${folder}rows.parquet`, Body: bytes })
      const { table, location, columns } = plan.staging
      await createStagingTable(side.glue, PLACE.schema, {
        name: table,
        location,
        columns,
        transferId: name,
        target: name,
      })
    }
    await Promise.all([prepare(both.duckdb), prepare(both.trino)])
    await both.statement(`SELECT * FROM "${PLACE.schema}"."${stagingTable}"`)
    for (const { sql } of plan.load.steps) {
      const { updateCount = 0 } = await both.statement(sql)
      hasChanged ||= updateCount > 0
    }
    await look(both, name)
    for (const { sql } of plan.load.steps) await both.statement(sql)
    await lookAtSnapshots(both, name)
  }
  const cursor = windowCursorOf(model)
  if (cursor) await both.statement(watermarkQuery(PLACE.schema, name, cursor))
  return recordAfter(model, { location: targetLocation, before: record, hasChanged })
}

/** The batch with which rows of older versions leave a table whose rows have one. */
const LAST_BATCH = 3

function activeVersionOf({ columns }: Model): ActiveVersion | undefined {
  if (!columns.some(({ tableName }) => tableName === VERSION_COLUMN)) return undefined
  return { column: VERSION_COLUMN, version: ACTIVE_VERSION }
}

async function look(both: Comparison, name: string): Promise<void> {
  await both.statement(`SELECT * FROM "${PLACE.schema}"."${name}"`)
  await lookAtSnapshots(both, name)
  await both.value(`the columns of ${name} in Glue`, async side => {
    const target = await readTarget(side.glue, PLACE.schema, name)
    return { columns: target?.columns, location: target?.location }
  })
}

function lookAtSnapshots(both: Comparison, name: string): Promise<void> {
  return both.value(`the snapshots of ${name}`, side => snapshotCount(side, name))
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
