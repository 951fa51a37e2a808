import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { Customer } from './customer.ts'
import { pythonWith } from './python.ts'
import type { TestStandIn } from './stand-in.ts'

const SCRIPT = fileURLToPath(new URL('read_tables.py', import.meta.url))

const PACKAGES = ['pyiceberg[glue,pyarrow]==0.12.0', 'boto3==1.44.8']

const lineSchema = z.object({ table: z.string(), row: z.record(z.string(), z.string().nullable()) })

/** A row as texts by column, spelled as Athena's results are, floating numbers as Python's. */
export type IcebergRow = z.infer<typeof lineSchema>['row']

/** The rows of a customer's tables by table, read by PyIceberg through Glue and S3. */
export async function readWithPyIceberg(
  standIn: Pick<TestStandIn, 'url'>,
  customer: Customer,
  tables: readonly string[],
): Promise<ReadonlyMap<string, readonly IcebergRow[]>> {
  const python = await pythonWith(PACKAGES)
  const { accessKeyId, secretAccessKey } = await customer.createUser('reader')
  const args = [
    SCRIPT,
    standIn.url,
    customer.region,
    accessKeyId,
    secretAccessKey,
    customer.schema,
    ...tables,
  ]
  const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 1 << 30, timeout: 300_000 })
  const lines = stdout.split('\n').filter(line => line !== '')
  const rows = Map.groupBy(
    lines.map(line => lineSchema.parse(JSON.parse(line))),
    ({ table }) => table,
  )
  return new Map(tables.map(table => [table, (rows.get(table) ?? []).map(({ row }) => row)]))
}
