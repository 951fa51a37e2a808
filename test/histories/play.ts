import { TransferError } from '../../src/domain/errors.ts'
import { changedShape, changedSource, type History } from './history.ts'
import { createOracle, OWN_COLUMN } from './oracle.ts'
import { lineOf, modelOf, type SourceRow } from './shape.ts'
import { type Attempt, CHANGING_CALLS, type World } from './world.ts'

/** A table, or what a transfer cost, that is not what the oracle says. */
export class Difference extends Error {
  override readonly name = 'Difference'
}

/** What histories did, counted. */
export interface Counts {
  histories: number
  transfers: number
  unchanged: number
  faults: number
  refused: number
}

/** Plays a history and compares the table after each transfer. @throws {Difference} */
export async function play(world: World, { shape: first, steps }: History, counts: Counts): Promise<void> {
  const name = `history_${counts.histories++}`
  const oracle = createOracle()
  const customer = createTable(world, name)
  let states = world.newStates()
  let source: readonly SourceRow[] = []
  let shape = first
  const transfer = async (isFull: boolean, fault?: History['steps'][number]['transfer']['fault']) => {
    const model = modelOf(shape, name)
    await world.writeSource(model, source.map(lineOf))
    const isFitting = oracle.transfer(source, shape, isFull)
    let attempt = await world.attempt(model, { isFull, states, fault })
    if (isFault(attempt)) {
      counts.faults += 1
      attempt = await world.attempt(model, { isFull, states })
    }
    counts.transfers += 1
    expectEnd(attempt, isFitting)
    counts.refused += isFitting ? 0 : 1
    counts.unchanged += attempt.result?.isUnchanged ? 1 : 0
    await customer.compare(oracle)
    return attempt
  }
  for (const step of steps) {
    for (const change of step.changes) {
      source = changedSource(source, change)
      shape = changedShape(shape, change)
      if (change.kind === 'forget') {
        states = world.newStates()
        oracle.forget()
      }
      if (change.kind === 'drop-table' && oracle.hasTable()) {
        await world.customer.sql(`DROP TABLE ${name}`)
        oracle.dropTable()
      }
      if (
        change.kind === 'add-own-column' &&
        oracle.hasTable() &&
        !oracle.columnNames().includes(OWN_COLUMN)
      ) {
        await world.customer.sql(`ALTER TABLE ${name} ADD COLUMNS (${OWN_COLUMN} string)`)
        await world.customer.sql(`UPDATE ${name} SET ${OWN_COLUMN} = 'kept' WHERE id = ${change.id}`)
        oracle.addOwnColumn(change.id)
      }
    }
    await transfer(step.transfer.isFull, step.transfer.fault)
  }
  await transfer(false)
  const { calls, result } = await transfer(false)
  const changing = calls.filter(call => CHANGING_CALLS.test(call))
  if (result && result.rejectedRowCount === 0 && changing.length > 0)
    throw new Difference(`an unchanged source cost ${changing.join(', ')}`)
  if (result && result.fileCount + result.statementCount > 0)
    throw new Difference(
      `an unchanged source cost ${result.fileCount} files, ${result.statementCount} statements`,
    )
}

function isFault({ error }: Attempt): boolean {
  return error instanceof TransferError && error.message.endsWith('a fault of the history')
}

function expectEnd({ error }: Attempt, isFitting: boolean): void {
  if (error === undefined && isFitting) return
  const isRefused = error instanceof TransferError && error.code === 'ROW_INVALID'
  if (isRefused && !isFitting) return
  const expected = isFitting ? 'succeed' : 'be refused for rows that do not fit'
  throw new Difference(`a transfer should ${expected}, and ended with ${error ?? 'success'}`, {
    cause: error,
  })
}

/** The customer's view of a table. Rows are read when the table has changed; its metadata file tells. */
function createTable({ customer, schema }: World, name: string) {
  let seen = { metadata: '', rows: [] as readonly string[] }
  return {
    async compare(oracle: ReturnType<typeof createOracle>): Promise<void> {
      if (!oracle.hasTable()) return
      const { Table } = await customer.glue.getTable({ DatabaseName: schema, Name: name })
      const columns = (Table?.StorageDescriptor?.Columns ?? [])
        .filter(column => column.Parameters?.['iceberg.field.current'] !== 'false')
        .filter(column => !column.Name?.startsWith('_transfer_'))
        .map(({ Name, Type, Comment }) => `${Name} ${Type} ${Comment ?? ''}`)
      requireSame('columns', columns.toSorted(), oracle.columns().toSorted())
      const metadata = Table?.Parameters?.metadata_location ?? ''
      if (metadata !== seen.metadata) seen = { metadata, rows: [] }
      const names = oracle.columnNames().map(column => `"${column}"`)
      if (seen.rows.length === 0) {
        const rows = await customer.sql(`SELECT ${names.join(', ')} FROM ${name}`)
        seen = { metadata, rows: rows.map(row => JSON.stringify(row)).toSorted() }
      }
      requireSame(
        'rows',
        seen.rows,
        oracle
          .rows()
          .map(row => JSON.stringify(row))
          .toSorted(),
      )
    },
  }
}

function requireSame(what: string, found: readonly string[], wanted: readonly string[]): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return
  throw new Difference(
    `the table's ${what} are\n  ${found.join('\n  ')}\nand should be\n  ${wanted.join('\n  ')}`,
  )
}
