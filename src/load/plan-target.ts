import { formatColumnType, targetTypeOf } from '../domain/column-type.ts'
import { TransferError } from '../domain/errors.ts'
import type { Column, Model } from '../domain/model.ts'
import { targetColumnsOf } from '../domain/row-identity.ts'
import { partitionsOfModel } from './table-partitions.ts'
import {
  addColumnsStatement,
  changeColumnStatement,
  columnDefinition,
  createTargetStatement,
} from './target-statements.ts'
import { typeChange } from './type-change.ts'

/** A target table as the catalog has it: its current columns with their Glue types. */
export interface TargetColumns {
  readonly columns: readonly TargetColumn[]
}

/** One current column of a target table. */
export interface TargetColumn {
  readonly name: string
  readonly type: string
  readonly comment?: string | undefined
}

/** What decides the shape of a target. */
export interface TargetInput {
  readonly database: string
  readonly model: Model
  /** Undefined when the target table does not exist. */
  readonly target: TargetColumns | undefined
  /** Fresh folder for the target, used only if it is created. `s3://…/`. */
  readonly targetLocation: string
}

/**
 * The DDL that makes the target what the model says: creates it, or widens columns, changes comments that differ from
 * descriptions, and adds columns. Columns that the model has not are left alone, and so is their order.
 *
 * @throws {TransferError} `SCHEMA_CHANGE_REFUSED` when a type can neither stay nor be widened.
 */
export function planTarget(input: TargetInput): readonly string[] {
  const { database, model, target } = input
  const table = { database, name: model.tableName }
  const columns = targetColumnsOf(model)
  if (!target) return createdTable(input, columns)
  const existing = new Map(target.columns.map(column => [column.name, column]))
  const changes = columns.flatMap(column => {
    const found = existing.get(column.tableName)
    const changed = found && changedColumn(model, column, found)
    return changed ? [changeColumnStatement(table, changed)] : []
  })
  const added = columns.filter(column => !existing.has(column.tableName))
  return [...changes, ...chunked(added).map(some => addColumnsStatement(table, some))]
}

/** The columns that partitions are made of come first where one statement cannot have them all. */
function createdTable(input: TargetInput, columns: readonly Column[]): readonly string[] {
  const { database, model, targetLocation: location } = input
  const table = { database, name: model.tableName }
  const partitions = partitionsOfModel(model)
  const isPartition = ({ tableName }: Column): boolean =>
    partitions.some(({ column }) => column === tableName)
  const inOrder = chunked(columns)
  const chunks =
    inOrder.length === 1
      ? inOrder
      : chunked([...columns].sort((a, b) => Number(isPartition(b)) - Number(isPartition(a))))
  const [first = [], ...others] = chunks
  return [
    createTargetStatement({ ...table, location }, first, partitions),
    ...others.map(some => addColumnsStatement(table, some)),
  ]
}

/** What columns may take of one statement, in bytes: Athena's 262,144 less room for all else in it. */
const MAX_COLUMN_BYTES = 240_000

/** Neighbours that one statement has room for together. */
function chunked(columns: readonly Column[]): readonly (readonly Column[])[] {
  const chunks: { readonly columns: Column[]; bytes: number }[] = []
  for (const column of columns) {
    const bytes = Buffer.byteLength(columnDefinition(column)) + 4
    const last = chunks.at(-1)
    if (last && last.bytes + bytes <= MAX_COLUMN_BYTES) {
      last.columns.push(column)
      last.bytes += bytes
    } else chunks.push({ columns: [column], bytes })
  }
  return chunks.map(chunk => chunk.columns)
}

/** The column as it should be, when it is not. A comment that nobody described stays as it is. */
function changedColumn(model: Model, column: Column, found: TargetColumn): TargetColumn | undefined {
  const wanted = targetTypeOf(column.type)
  const change = typeChange(found.type, wanted)
  if (change === 'refused') throw refusedChange(model, column, found.type)
  const type = change === 'widened' ? wanted : found.type
  const comment = column.description ?? found.comment
  const isSame = type === found.type && (comment ?? '') === (found.comment ?? '')
  return isSame ? undefined : { name: found.name, type, comment }
}

function refusedChange(model: Model, column: Column, found: string): TransferError {
  const expected = targetTypeOf(column.type)
  return new TransferError(
    'SCHEMA_CHANGE_REFUSED',
    `model "${model.name}", column "${column.name}": the table has ${found}, the model says ${formatColumnType(column.type)} (${expected}), and Athena cannot change one to the other; either give the column a new name in the model, or drop the table and run a full refresh`,
    { details: { model: model.name, column: column.name, found, expected } },
  )
}
