import { formatColumnType, stagingTypeOf, targetTypeOf } from '../domain/column-type.ts'
import { TransferError } from '../domain/errors.ts'
import type { Column, Model, WriteMode } from '../domain/model.ts'
import { identityOf, targetColumnsOf } from '../domain/row-identity.ts'
import type { KeyBounds } from './key-bounds.ts'
import { loadStatement } from './load-statement.ts'
import { HASH_COLUMN, ROW_COLUMN } from './staged-rows.ts'
import { addColumnsStatement, createTargetStatement } from './target-statements.ts'

/** A target table as the catalog has it: its current columns with their Glue types. */
export interface TargetColumns {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

/** What a load needs to know. */
export interface LoadInput {
  readonly database: string
  readonly model: Model
  /** The model's own, or `overwrite` for a full refresh. */
  readonly writeMode: WriteMode
  /** Undefined when the target table does not exist. */
  readonly target: TargetColumns | undefined
  /** Fresh folder for the target, used only if it is created. `s3://…/`. */
  readonly targetLocation: string
  readonly stagingTable: string
  /** Folder of the staged files. `s3://…/`. */
  readonly stagingLocation: string
  readonly bounds: readonly KeyBounds[]
}

/** What loading one model will do, as data: nothing has happened yet. */
export interface LoadPlan {
  readonly database: string
  readonly table: string
  /** How the rows meet the target. */
  readonly writeMode: WriteMode
  /** Athena DDL that creates or widens the target; none when it is as the model says. Free of charge. */
  readonly targetStatements: readonly string[]
  /** The staging table, made and removed through Glue. */
  readonly staging: {
    readonly table: string
    readonly location: string
    readonly columns: readonly { readonly name: string; readonly type: string }[]
  }
  /** The commit point: readers see nothing of the load before this statement, and all of it after. */
  readonly loadStatement: string
}

/** Longest statement that Athena takes, in bytes of UTF-8. */
const MAX_STATEMENT_BYTES = 262_144

/** Most columns that Athena's MERGE handles with several WHEN clauses, with a margin to the ~321 observed. */
const MAX_MERGE_COLUMNS = 300

/**
 * Plans the load of one model.
 *
 * @throws {TransferError} `SCHEMA_CHANGE_REFUSED` when a column's type differs from the target's,
 * `QUERY_LIMIT_EXCEEDED` when the statement would pass a limit of Athena.
 */
export function planLoad(input: LoadInput): LoadPlan {
  const { database, model, writeMode, stagingTable, bounds } = input
  const target = model.tableName
  return {
    database,
    table: target,
    writeMode,
    targetStatements: planTarget(input),
    staging: {
      table: stagingTable,
      location: input.stagingLocation,
      columns: [
        ...model.columns.map(column => ({ name: column.tableName, type: stagingTypeOf(column.type) })),
        { name: ROW_COLUMN, type: 'bigint' },
        ...(identityOf(model) === 'content' ? [{ name: HASH_COLUMN, type: 'string' }] : []),
      ],
    },
    loadStatement: withinLimits(
      model,
      loadStatement({ database, target, stagingTable, model, writeMode, bounds }),
    ),
  }
}

/** The DDL that makes the target what the model says; shared by loads and by models without new rows. */
export function planTarget(
  input: Pick<LoadInput, 'database' | 'model' | 'target' | 'targetLocation'>,
): readonly string[] {
  const { database, model, target } = input
  const name = model.tableName
  const columns = targetColumnsOf(model)
  if (!target) return [createTargetStatement({ database, name, location: input.targetLocation }, columns)]
  const existing = new Map(target.columns.map(column => [column.name, column.type]))
  for (const column of columns) refuseOtherType(model, column, existing.get(column.tableName))
  const added = columns.filter(column => !existing.has(column.tableName))
  return added.length === 0 ? [] : [addColumnsStatement({ database, name }, added)]
}

function refuseOtherType(model: Model, column: Column, existing: string | undefined): void {
  const wanted = targetTypeOf(column.type)
  if (existing === undefined || existing === wanted) return
  throw new TransferError(
    'SCHEMA_CHANGE_REFUSED',
    `model "${model.name}", column "${column.name}": the table has ${existing}, the model says ${formatColumnType(column.type)} (${wanted})`,
    { details: { model: model.name, column: column.name, found: existing, expected: wanted } },
  )
}

function withinLimits(model: Model, statement: string): string {
  const bytes = Buffer.byteLength(statement)
  if (bytes <= MAX_STATEMENT_BYTES && model.columns.length <= MAX_MERGE_COLUMNS) return statement
  throw new TransferError(
    'QUERY_LIMIT_EXCEEDED',
    `model "${model.name}": its statement has ${bytes} bytes and ${model.columns.length} columns; Athena takes ${MAX_STATEMENT_BYTES} bytes and MERGE about ${MAX_MERGE_COLUMNS} columns`,
    { details: { model: model.name, bytes, columns: model.columns.length } },
  )
}
