import { z } from 'zod'
import { type Customer, createCustomer } from '../support/customer.ts'
import { type IcebergRow, readWithPyIceberg } from '../support/pyiceberg.ts'
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
    const read = await readWithPyIceberg(
      standIn,
      customer,
      tables.map(({ name }) => name),
    )
    const checks: Check[] = []
    for (const table of tables) {
      checks.push(...checksOf(table, 'Athena', await readThroughAthena(workspace, customer, table)))
      checks.push(...checksOf(table, 'PyIceberg', textsById(table, read.get(table.name) ?? [])))
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

function textsById({ types }: SourceTable, rows: readonly IcebergRow[]): Rows {
  return new Map(rows.map(row => [Number(row.id), types.map((_, index) => row[`c${index}`] ?? null)]))
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
