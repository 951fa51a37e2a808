import type { Model, WriteMode } from '../domain/model.ts'
import { boundColumnsOf, cursorOf, identityOf, targetColumnsOf } from '../domain/row-identity.ts'
import { boundsConditions, type KeyBounds } from './key-bounds.ts'
import { quoteIdentifier } from './quote.ts'
import { ALL_ROWS, type ColumnRange, hashCondition, type RowRange, rangeConditions } from './row-range.ts'
import {
  deletedCondition,
  identityColumns,
  qualified,
  type SourceAliases,
  type StagedInput,
  sourceName,
  sourceNamesOf,
  stagedRows,
  targetHash,
} from './staged-rows.ts'

/** Computed column of loads that remove rows which are not staged: true for rows that are staged, NULL for those that only the target has. */
const STAGED_COLUMN = '_transfer_staged'

/** What the identity columns of the target are called beside those of the staged rows. */
const EXISTING_PREFIX = '_transfer_existing_'

/** The same where one row of the target has that identity, NULL where several have it. */
const SINGLE_PREFIX = '_transfer_single_'

/** A version of a table's rows that takes the place of all older ones, and of rows without a version. */
export interface ActiveVersion {
  /** The table's column that says which version a row came with. */
  readonly column: string
  readonly version: number
}

/** What loading a model moves, and how the rows meet the target. */
export interface LoadInput {
  readonly database: string
  readonly stagingTable: string
  readonly model: Model
  /** The model's own way, or `overwrite` for a full refresh. */
  readonly writeMode: WriteMode
  readonly target: string
  /** Bounds of the staged rows; empty when not known, which costs reading more of the target. */
  readonly bounds: readonly KeyBounds[]
  /** Columns of the target that the model had once: rows that change read NULL in them from then on. */
  readonly cleared: readonly string[]
  /** Set when rows of older versions are to leave the table with this load, staged or not. */
  readonly activeVersion?: ActiveVersion | undefined
  /** Columns of the target by which no file may be left out, see `freshlyWidened`. */
  readonly widened: readonly string[]
}

/** What a MERGE may do with a row; without one it does all that the write mode has. */
export const CLAUSES = ['update', 'insert', 'delete'] as const

/** One of them. */
export type Clause = (typeof CLAUSES)[number]

/** Which part of a load one statement does. */
export interface StatementPart {
  readonly rows: RowRange
  /** Undefined for all that the mode has. */
  readonly clause?: Clause | undefined
  readonly aliases: SourceAliases
}

/** With what the part's source calls the columns. */
type StatementInput = LoadInput & StatementPart & Pick<StagedInput, 'sourceNames'>

/** A MERGE as data: its WHEN clauses come in order, and the first that fits a row is taken. */
interface Merge {
  readonly source: string
  readonly on: readonly string[]
  readonly clauses: readonly { readonly clause: Clause; readonly sql: string }[]
}

/**
 * A statement of a load, a MERGE in each mode. Running it again changes nothing, a batch that changes nothing makes no
 * snapshot, and of two at once Iceberg's conflict check lets one fail, so that no row is doubled. A part does with its
 * rows what the whole would do with them, whatever other parts have done before.
 */
export function loadStatement(load: LoadInput, part: StatementPart): string {
  const input = withNames(load, part)
  return statementOf(input, mergeOf(input))
}

/**
 * Inserts the staged rows that the target has not, the deleted ones aside; a row that it has is left alone, and so
 * nothing is doubled. For tables that are filled anew.
 */
export function insertStatement(load: LoadInput): string {
  const input = withNames(load, { rows: ALL_ROWS, aliases: 'names' })
  const deleted = deletedCondition(input.model, name => `s.${sourceName(input, name)}`)
  return statementOf(input, {
    source: stagedRows(input),
    on: matchConditions(input),
    clauses: [insertClause(input, deleted && `NOT (${deleted})`)],
  })
}

function statementOf(input: StatementInput, { source, on, clauses }: Merge): string {
  return [
    `MERGE INTO ${qualified(input.database, input.target)} AS t`,
    `USING (${inRanges(input, source)}) AS s`,
    `ON ${on.join(' AND ')}`,
    ...clauses.filter(({ clause }) => (input.clause ?? clause) === clause).map(({ sql }) => sql),
  ].join('\n')
}

/** What the load's statement does with rows. */
export function clausesOf(input: LoadInput): readonly Clause[] {
  return mergeOf(withNames(input, { rows: ALL_ROWS, aliases: 'names' })).clauses.map(({ clause }) => clause)
}

function withNames(load: LoadInput, part: StatementPart): StatementInput {
  return { ...load, ...part, sourceNames: sourceNamesOf(load.model, part.aliases) }
}

function mergeOf(input: StatementInput): Merge {
  if (removesUnstagedRows(input)) return replace(input)
  return input.writeMode === 'append' ? append(input) : mergeByKey(input)
}

/** True for loads that change the table even when no row is staged. */
export function removesUnstagedRows({
  writeMode,
  activeVersion,
}: Pick<LoadInput, 'writeMode' | 'activeVersion'>): boolean {
  return writeMode === 'overwrite' || activeVersion !== undefined
}

/** Rows that only the target has are NULL in every column of the source. */
function inRanges(input: StatementInput, source: string): string {
  const conditions = rangeConditions(input.rows, name => sourceName(input, name))
  return conditions.length === 0 ? source : `SELECT * FROM (${source}) WHERE ${conditions.join(' AND ')}`
}

/** The newest staged row of each key is inserted, updates or deletes the target's, unless that one is newer or already equal. */
function mergeByKey(input: StatementInput): Merge {
  const deleted = deletedCondition(input.model, name => `s.${sourceName(input, name)}`)
  const notOlder = notOlderCondition(input)
  return {
    source: stagedRows(input),
    on: matchConditions(input),
    clauses: [
      ...(deleted ? [deletion([notOlder, deleted])] : []),
      ...updateClause(input, [notOlder, ...(deleted ? [`NOT (${deleted})`] : [])]),
      insertClause(input, deleted && `NOT (${deleted})`),
    ],
  }
}

/** A row that is in the target already is left alone; rows are the same when all that they hold is. */
function append(input: StatementInput): Merge {
  return {
    source: stagedRows(input),
    on: matchConditions(input),
    clauses: [insertClause(input, undefined)],
  }
}

/**
 * Rows that are not staged are deleted in the same snapshot: all of them by an overwrite, so that the target becomes
 * what is staged, and those of older versions where a version is active. Rows of the target with one identity, which
 * another mode or somebody else left there, meet no staged row, which is inserted.
 */
function replace(input: StatementInput): Merge {
  const { model } = input
  const identity = identityColumns(model).map(name => ({
    name: sourceName(input, name),
    existing: quoteIdentifier(`${EXISTING_PREFIX}${name}`),
    single: quoteIdentifier(`${SINGLE_PREFIX}${name}`),
    inTarget: existingIdentity(model, quoteIdentifier(name)),
    met: existingIdentity(model, metColumn(input, name)),
  }))
  const isStaged = quoteIdentifier(STAGED_COLUMN)
  return {
    source: replaceSource(input, identity),
    on: identity.map(one => `${one.met} = s.${one.existing}`),
    clauses: [
      deletion([`s.${isStaged} IS NULL`, olderCondition(input, name => `t.${quoteIdentifier(name)}`)]),
      ...updateClause(input, [`s.${isStaged} IS NOT NULL`]),
      insertClause(input, `s.${isStaged} IS NOT NULL`),
    ],
  }
}

interface ExistingIdentity {
  /** What the staged rows call the column. */
  readonly name: string
  readonly existing: string
  readonly single: string
  readonly inTarget: string
}

function replaceSource(input: StatementInput, identity: readonly ExistingIdentity[]): string {
  const { database, target, model, rows } = input
  const columns = targetColumnsOf(model).map(({ tableName }) => `n.${sourceName(input, tableName)}`)
  const isStaged = quoteIdentifier(STAGED_COLUMN)
  const nameOf = (name: string): string => sourceName(input, name)
  const left = [deletedCondition(model, nameOf), olderCondition(input, nameOf)].filter(
    one => one !== undefined,
  )
  const kept = left.length === 0 ? '' : ` WHERE ${left.map(condition => `NOT (${condition})`).join(' AND ')}`
  const hashed = hashCondition(rows, targetHash(model))
  const items = identity.flatMap(one => [
    `${one.inTarget} AS ${one.existing}`,
    `CASE WHEN count(*) = 1 THEN ${one.inTarget} END AS ${one.single}`,
  ])
  const existing = [
    `SELECT ${items.join(', ')} FROM ${qualified(database, target)}`,
    ...(hashed ? [`WHERE ${hashed}`] : []),
    `GROUP BY ${identity.map(one => one.inTarget).join(', ')}`,
  ].join(' ')
  return [
    `SELECT ${[...columns, `n.${isStaged}`, ...identity.map(one => `e.${one.existing}`)].join(', ')}`,
    `FROM (SELECT *, true AS ${isStaged} FROM (${stagedRows(input)})${kept}) AS n`,
    `FULL OUTER JOIN (${existing}) AS e`,
    `ON ${identity.map(one => `n.${one.name} = e.${one.single}`).join(' AND ')}`,
  ].join(' ')
}

/** True for rows of an older version than the active one, or of none; undefined where an overwrite takes all rows. */
function olderCondition(
  { writeMode, activeVersion }: StatementInput,
  nameOf: (column: string) => string,
): string | undefined {
  if (writeMode === 'overwrite' || !activeVersion) return undefined
  const column = nameOf(activeVersion.column)
  return `(${column} IS NULL OR ${column} < ${activeVersion.version})`
}

/** Rows that somebody else wrote, or that are from before the model was told apart by content, have no row id. */
function existingIdentity(model: Model, name: string): string {
  return identityOf(model) === 'content' ? `coalesce(${name}, '')` : name
}

/** Where a column never changes for a row, what a part's rows lie in bounds what it reads of the target, too. */
function matchConditions(input: StatementInput): readonly string[] {
  const { model, bounds, rows, widened } = input
  const identity = identityColumns(model)
  const same = identity.map(name => `${metColumn(input, name)} = s.${sourceName(input, name)}`)
  const usable = bounds.filter(({ column }) => !widened.includes(column))
  const constant = new Set(boundColumnsOf(model).map(({ tableName }) => tableName))
  // Rows from before an immutable column was added are NULL in it, and are met all the same.
  const ranges = rows.columns
    .filter(({ column }) => constant.has(column))
    .map(range => (identity.includes(range.column) || range.nulls === 'only' ? range : withNulls(range)))
  return [
    ...same,
    ...boundsConditions(usable, identity),
    ...rangeConditions({ ...rows, columns: ranges }, name => metColumn(input, name)),
  ]
}

function withNulls(range: ColumnRange): ColumnRange {
  return { ...range, nulls: 'with' }
}

/** A column of the target in the condition of the MERGE; as a sum, no file is left out by it. */
function metColumn({ widened }: StatementInput, name: string): string {
  const column = `t.${quoteIdentifier(name)}`
  return widened.includes(name) ? `${column} + 0` : column
}

function deletion(conditions: readonly (string | undefined)[]): Merge['clauses'][number] {
  return { clause: 'delete', sql: whenMatched(conditions, 'DELETE') }
}

function whenMatched(conditions: readonly (string | undefined)[], action: string): string {
  const present = conditions.filter(condition => condition !== undefined)
  return `WHEN MATCHED AND ${present.join(' AND ')} THEN ${action}`
}

/** Sets what differs; none for models of which every column is the identity. */
function updateClause(
  input: StatementInput,
  conditions: readonly (string | undefined)[],
): readonly Merge['clauses'][number][] {
  const { model, cleared } = input
  const identity = identityColumns(model)
  const values = targetColumnsOf(model)
    .filter(({ tableName }) => !identity.includes(tableName))
    .map(({ tableName }) => ({
      name: quoteIdentifier(tableName),
      source: `s.${sourceName(input, tableName)}`,
    }))
  if (values.length === 0) return []
  const changed = values.map(({ name, source }) => `t.${name} IS DISTINCT FROM ${source}`)
  const assignments = [
    ...values.map(({ name, source }) => `${name} = ${source}`),
    ...cleared.map(name => `${quoteIdentifier(name)} = NULL`),
  ]
  const sql = whenMatched(
    [...conditions, `(${changed.join(' OR ')})`],
    `UPDATE SET ${assignments.join(', ')}`,
  )
  return [{ clause: 'update', sql }]
}

function insertClause(input: StatementInput, condition: string | undefined): Merge['clauses'][number] {
  const columns = targetColumnsOf(input.model).map(({ tableName }) => tableName)
  const when = condition === undefined ? 'WHEN NOT MATCHED' : `WHEN NOT MATCHED AND ${condition}`
  const values = columns.map(name => `s.${sourceName(input, name)}`)
  const sql = `${when} THEN INSERT (${columns.map(quoteIdentifier).join(', ')}) VALUES (${values.join(', ')})`
  return { clause: 'insert', sql }
}

/** A row without a cursor is older than any with one. */
function notOlderCondition(input: StatementInput): string | undefined {
  const cursor = cursorOf(input.model)
  if (!cursor) return undefined
  const name = quoteIdentifier(cursor.tableName)
  return `(s.${sourceName(input, cursor.tableName)} >= t.${name} OR t.${name} IS NULL)`
}
