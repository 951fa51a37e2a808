import { stagingTypeOf } from '../domain/column-type.ts'
import { TransferError } from '../domain/errors.ts'
import { type Model, type RenamedColumn, renamedColumns, type WriteMode } from '../domain/model.ts'
import { HASH_COLUMN, identityOf, ROW_COLUMN } from '../domain/row-identity.ts'
import type { TableRecord } from '../domain/table-record.ts'
import type { KeyBounds } from './key-bounds.ts'
import { type ActiveVersion, loadStatement, removesUnstagedRows } from './load-statement.ts'
import { droppedColumns, freshlyWidened } from './model-for-table.ts'
import { planTarget, type TargetInput } from './plan-target.ts'

/** What a load needs to know. */
export interface LoadInput extends TargetInput {
  /** The model's own, or `overwrite` for a full refresh. */
  readonly writeMode: WriteMode
  /** What is known of earlier loads of the target; without it no column counts as dropped from the model. */
  readonly record?: TableRecord | undefined
  readonly stagingTable: string
  /** Folder of the staged files. `s3://…/`. */
  readonly stagingLocation: string
  readonly bounds: readonly KeyBounds[]
  /** Set when rows of older versions are to leave the table. */
  readonly activeVersion?: ActiveVersion | undefined
}

/** What loading one model will do, as data: nothing has happened yet. */
export interface LoadPlan {
  readonly database: string
  readonly table: string
  /** How the rows meet the target. */
  readonly writeMode: WriteMode
  /** The load changes the table even when no row is staged. */
  readonly removesUnstagedRows: boolean
  /** Columns whose name in the table is not the source's. */
  readonly renamedColumns: readonly RenamedColumn[]
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
 * @throws {TransferError} `SCHEMA_CHANGE_REFUSED` when a column's type cannot become the model's,
 * `QUERY_LIMIT_EXCEEDED` when the statement would pass a limit of Athena.
 */
export function planLoad(input: LoadInput): LoadPlan {
  const { database, model, writeMode, stagingTable, bounds, activeVersion } = input
  const target = model.tableName
  return {
    database,
    table: target,
    writeMode,
    removesUnstagedRows: removesUnstagedRows(input),
    renamedColumns: renamedColumns(model),
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
      loadStatement({
        database,
        target,
        stagingTable,
        model,
        writeMode,
        bounds,
        cleared: droppedColumns(input),
        activeVersion,
        widened: freshlyWidened(input),
      }),
    ),
  }
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
