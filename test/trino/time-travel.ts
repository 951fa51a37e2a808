import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Comparison } from './comparison.ts'
import { PLACE } from './place.ts'
import type { Side } from './side.ts'

const NAME = 'travelled'
const TABLE = `"${PLACE.schema}"."${NAME}"`

const of = (kind: 'snapshots' | 'history' | 'files'): string => `"${PLACE.schema}"."${NAME}$${kind}"`

/** Compares a table's snapshots: each read by its id and by a moment after it, and what the tables about the table say of them; `noting` takes what differs. */
export async function travelInTime(
  { statement }: Comparison,
  noting: (act: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const compare = (sql: Parameters<typeof statement>[0]): Promise<void> => noting(() => statement(sql))
  await compare(
    `CREATE TABLE \`${NAME}\` (id bigint, name string) LOCATION 's3://${PLACE.bucket}/${NAME}/' TBLPROPERTIES ('table_type'='ICEBERG')`,
  )
  const moments: string[] = []
  for (const change of CHANGES) {
    await compare(change)
    moments.push(await momentAfterNow())
  }
  for (const [index, moment] of moments.entries()) {
    await compare(`SELECT * FROM ${TABLE} FOR TIMESTAMP AS OF TIMESTAMP '${moment} UTC'`)
    const age = moments.length - 1 - index
    await compare(async side => `SELECT * FROM ${TABLE} FOR VERSION AS OF ${await snapshotId(side, age)}`)
  }
  for (const sql of ABOUT) await compare(sql)
}

const CHANGES = [
  `INSERT INTO ${TABLE} VALUES (0, 'kept'), (1, 'one'), (2, 'two'), (3, 'three')`,
  `UPDATE ${TABLE} SET name = 'changed' WHERE id = 1`,
  `DELETE FROM ${TABLE} WHERE id = 2`,
  `MERGE INTO ${TABLE} AS t USING (VALUES (BIGINT '3', 'x'), (BIGINT '4', 'y')) AS s(id, name) ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)`,
]

/** Counted from the newest: Trino's tables begin with a snapshot that holds nothing. */
const ABOUT = [
  `SELECT operation FROM ${of('snapshots')} ORDER BY committed_at DESC LIMIT ${CHANGES.length}`,
  `SELECT count(*) FROM ${of('snapshots')} WHERE committed_at > TIMESTAMP '2020-01-01 00:00:00 UTC' AND snapshot_id <> 0 AND parent_id IS NULL`,
  `SELECT is_current_ancestor FROM ${of('history')} ORDER BY made_current_at DESC LIMIT ${CHANGES.length}`,
  `SELECT count(*) FROM ${of('history')} AS h JOIN ${of('snapshots')} AS s ON h.snapshot_id = s.snapshot_id AND h.made_current_at <> s.committed_at`,
  `SELECT content, file_format, record_count FROM ${of('files')}`,
  `SELECT count(*) FROM ${of('files')} WHERE file_path LIKE 's3://${PLACE.bucket}/${NAME}/data/%' AND file_size_in_bytes > 0`,
  `SELECT * FROM ${TABLE} FOR VERSION AS OF 1`,
  `SELECT * FROM ${TABLE} FOR VERSION AS OF 9999999999`,
  `SELECT * FROM ${TABLE} FOR TIMESTAMP AS OF TIMESTAMP '2000-01-01 00:00:00 UTC'`,
  `SELECT * FROM "${PLACE.schema}"."nowhere$snapshots"`,
]

/** A moment that lies surely between what was done and what will be. */
async function momentAfterNow(): Promise<string> {
  await delay(5)
  const moment = new Date().toISOString().slice(0, 23).replace('T', ' ')
  await delay(5)
  return moment
}

async function snapshotId(side: Side, age: number): Promise<string> {
  const { rows, reason } = await side.run(
    `SELECT snapshot_id FROM ${of('snapshots')} ORDER BY committed_at DESC OFFSET ${age} LIMIT 1`,
  )
  const values = rows.map(row => z.tuple([z.string()]).parse(JSON.parse(row))[0])
  const id = values.find(value => value !== 'snapshot_id')
  if (id === undefined) throw new Error(`no snapshot ${age} of ${NAME}: ${reason}`)
  return id
}
