import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { type Customer, createCustomer } from '../support/customer.ts'
import { pythonWith } from '../support/python.ts'
import type { TestStandIn } from '../support/stand-in.ts'
import { createWorkspace, type Workspace } from '../support/workspace.ts'
import type { BorderValue } from './border-values.ts'
import { filesOf, modelOf, type SourceTable } from './source-tables.ts'

/** What one reader got of one value. */
export interface Check {
  readonly type: string
  readonly value: string
  /** The table's name and the reader's. */
  readonly way: string
  readonly expected: string | null
  readonly actual: string | null | undefined
}

const SCRIPT = fileURLToPath(new URL('read_tables.py', import.meta.url))

const PACKAGES = ['pyiceberg[glue,pyarrow]==0.12.0', 'boto3==1.44.8']

/**
 * Transfers the tables by the product's own command and reads every value back, through Athena and with PyIceberg.
 *
 * @throws when a model fails, with what the product says of it.
 */
export async function roundTrip(
  standIn: TestStandIn,
  tables: readonly SourceTable[],
): Promise<readonly Check[]> {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  try {
    for (const table of tables) {
      await workspace.writeModel(table.name, modelOf(table))
      for (const [name, bytes] of await filesOf(table)) await workspace.writeData(name, bytes)
    }
    await transfer(workspace)
    const read = await readWithPyIceberg(standIn, customer, tables)
    const checks: Check[] = []
    for (const table of tables) {
      checks.push(...checksOf(table, 'Athena', await readThroughAthena(workspace, customer, table)))
      checks.push(...checksOf(table, 'PyIceberg', read.get(table.name) ?? new Map()))
    }
    return checks
  } finally {
    await workspace.remove()
  }
}

async function transfer(workspace: Workspace): Promise<void> {
  const { exitCode, stdout, stderr } = await workspace.cli('run', 'acme')
  if (exitCode !== 0) throw new Error(`the transfer ended with ${exitCode}: ${stdout}${stderr}`)
}

/** Texts by row id, in the order of the table's types. */
type Rows = ReadonlyMap<number, readonly (string | null)[]>

const querySchema = z.object({ rows: z.array(z.array(z.string().nullable())) })

async function readThroughAthena(
  workspace: Workspace,
  { schema }: Customer,
  { name, types }: SourceTable,
): Promise<Rows> {
  const columns = types.map((_, index) => `c${index}`).join(', ')
  const { stdout, stderr } = await workspace.cli(
    'query',
    'acme',
    `SELECT id, ${columns} FROM "${schema}"."${name}"`,
  )
  if (stdout === '') throw new Error(stderr)
  return new Map(querySchema.parse(JSON.parse(stdout)).rows.map(([id, ...texts]) => [Number(id), texts]))
}

const lineSchema = z.object({ table: z.string(), row: z.record(z.string(), z.string().nullable()) })

async function readWithPyIceberg(
  standIn: TestStandIn,
  customer: Customer,
  tables: readonly SourceTable[],
): Promise<ReadonlyMap<string, Rows>> {
  const python = await pythonWith(PACKAGES)
  const { accessKeyId, secretAccessKey } = await customer.createUser('reader')
  const names = tables.map(table => table.name)
  const args = [SCRIPT, standIn.url, customer.region, accessKeyId, secretAccessKey, customer.schema, ...names]
  const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 1 << 30, timeout: 300_000 })
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => lineSchema.parse(JSON.parse(line)))
  return new Map(
    tables.map(({ name, types }) => {
      const own = lines.filter(line => line.table === name)
      return [
        name,
        new Map(own.map(({ row }) => [Number(row.id), types.map((_, index) => row[`c${index}`] ?? null)])),
      ]
    }),
  )
}

function checksOf(table: SourceTable, reader: 'Athena' | 'PyIceberg', rows: Rows): readonly Check[] {
  return table.values.map((value, id) => ({
    type: value.type,
    value: value.name,
    way: `${table.isFilePerRow ? `${table.format}, quick` : table.format} → ${reader}`,
    expected: expectedText(value, reader),
    actual: rows.get(id)?.[table.types.indexOf(value.type)],
  }))
}

function expectedText({ athena, iceberg }: BorderValue, reader: 'Athena' | 'PyIceberg'): string | null {
  return reader === 'PyIceberg' ? (iceberg ?? athena) : athena
}
