import type { Model, WriteMode } from '../domain/model.ts'
import { cursorOf, identityOf, targetColumnsOf } from '../domain/row-identity.ts'
import { boundsConditions, type KeyBounds } from './key-bounds.ts'
import { quoteIdentifier } from './quote.ts'
import { deletedCondition, identityColumns, qualified, type StagedInput, stagedRows } from './staged-rows.ts'

/** Computed column of loads that remove rows which are not staged: true for rows that are staged, NULL for those that only the target has. */
const STAGED_COLUMN = '_transfer_staged'

/** What the identity columns of the target are called beside those of the staged rows. */
const EXISTING_PREFIX = '_transfer_existing_'

/** A version of a table's rows that takes the place of all older ones, and of rows without a version. */
export interface ActiveVersion {
  /** The table's column that says which version a row came with. */
  readonly column: string
  readonly version: number
}

/** The same where one row of the target has that identity, NULL where several have it. */
const SINGLE_PREFIX = '_transfer_single_'

/** What one statement moves. */
export interface LoadStatementInput extends StagedInput {
  /** How the rows meet the target: the model's own way, or `overwrite` for a full refresh. */
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

/**
 * The one statement of a load, a MERGE in each mode. Running it again changes nothing, a batch that changes nothing
 * makes no snapshot, and of two at once Iceberg's conflict check lets one fail, so that no row is doubled.
 */
export function loadStatement(input: LoadStatementInput): string {
  if (removesUnstagedRows(input)) return replaceStatement(input)
  return input.writeMode === 'append' ? insertStatement(input) : mergeStatement(input)
}

/** True for loads that change the table even when no row is staged. */
export function removesUnstagedRows({
  writeMode,
  activeVersion,
}: Pick<LoadStatementInput, 'writeMode' | 'activeVersion'>): boolean {
  return writeMode === 'overwrite' || activeVersion !== undefined
}

/** The newest staged row of each key is inserted, updates or deletes the target's, unless that one is newer or already equal. */
function mergeStatement(input: LoadStatementInput): string {
  const { model } = input
  const deleted = deletedCondition(model, 's.')
  const notOlder = notOlderCondition(model)
  return statement(input, stagedRows(input), matchConditions(input), [
    ...(deleted ? [whenMatched([notOlder, deleted], 'DELETE')] : []),
    ...updateClause(input, [notOlder, ...(deleted ? [`NOT (${deleted})`] : [])]),
    insertClause(model, deleted && `NOT (${deleted})`),
  ])
}

/**
 * Inserts the staged rows that the target has not, the deleted ones aside; a row that it has is left alone, and so
 * nothing is doubled. For append, whose rows are the same when all that they hold is, and for tables that are filled anew.
 */
export function insertStatement(input: LoadStatementInput): string {
  const deleted = deletedCondition(input.model, 's.')
  const clause = insertClause(input.model, deleted && `NOT (${deleted})`)
  return statement(input, stagedRows(input), matchConditions(input), [clause])
}

/**
 * Rows that are not staged are deleted in the same snapshot: all of them by an overwrite, so that the target becomes
 * what is staged, and those of older versions where a version is active. Rows of the target with one identity, which
 * another mode or somebody else left there, meet no staged row, which is inserted.
 */
function replaceStatement(input: LoadStatementInput): string {
  const { database, target, model } = input
  const columns = targetColumnsOf(model).map(({ tableName }) => `n.${quoteIdentifier(tableName)}`)
  const identity = identityColumns(model).map(name => ({
    name: quoteIdentifier(name),
    existing: quoteIdentifier(`${EXISTING_PREFIX}${name}`),
    single: quoteIdentifier(`${SINGLE_PREFIX}${name}`),
    inTarget: existingIdentity(model, quoteIdentifier(name)),
    met: existingIdentity(model, metColumn(input, name)),
  }))
  const isStaged = quoteIdentifier(STAGED_COLUMN)
  const left = [deletedCondition(model, ''), olderCondition(input, '')].filter(one => one !== undefined)
  const kept = left.length === 0 ? '' : ` WHERE ${left.map(condition => `NOT (${condition})`).join(' AND ')}`
  const staged = `SELECT *, true AS ${isStaged} FROM (${stagedRows(input)})${kept}`
  const existing = [
    `SELECT ${identity.flatMap(one => [`${one.inTarget} AS ${one.existing}`, `CASE WHEN count(*) = 1 THEN ${one.inTarget} END AS ${one.single}`]).join(', ')}`,
    `FROM ${qualified(database, target)} GROUP BY ${identity.map(one => one.inTarget).join(', ')}`,
  ].join(' ')
  const source = [
    `SELECT ${[...columns, `n.${isStaged}`, ...identity.map(one => `e.${one.existing}`)].join(', ')}`,
    `FROM (${staged}) AS n FULL OUTER JOIN (${existing}) AS e`,
    `ON ${identity.map(one => `n.${one.name} = e.${one.single}`).join(' AND ')}`,
  ].join(' ')
  return statement(
    input,
    source,
    identity.map(one => `${one.met} = s.${one.existing}`),
    [
      whenMatched([`s.${isStaged} IS NULL`, olderCondition(input, 't.')], 'DELETE'),
      ...updateClause(input, [`s.${isStaged} IS NOT NULL`]),
      insertClause(model, `s.${isStaged} IS NOT NULL`),
    ],
  )
}

/** True for rows of an older version than the active one, or of none; undefined where an overwrite takes all rows. */
function olderCondition({ writeMode, activeVersion }: LoadStatementInput, alias: string): string | undefined {
  if (writeMode === 'overwrite' || !activeVersion) return undefined
  const column = `${alias}${quoteIdentifier(activeVersion.column)}`
  return `(${column} IS NULL OR ${column} < ${activeVersion.version})`
}

/** Rows that somebody else wrote, or that are from before the model was told apart by content, have no row id. */
function existingIdentity(model: Model, name: string): string {
  return identityOf(model) === 'content' ? `coalesce(${name}, '')` : name
}

function matchConditions(input: LoadStatementInput): readonly string[] {
  const { model, bounds, widened } = input
  const identity = identityColumns(model)
  const same = identity.map(name => `${metColumn(input, name)} = s.${quoteIdentifier(name)}`)
  const usable = bounds.filter(({ column }) => !widened.includes(column))
  return [...same, ...boundsConditions(usable, identity)]
}

/** A column of the target in the condition of the MERGE; as a sum, no file is left out by it. */
function metColumn({ widened }: LoadStatementInput, name: string): string {
  const column = `t.${quoteIdentifier(name)}`
  return widened.includes(name) ? `${column} + 0` : column
}

function statement(
  { database, target }: LoadStatementInput,
  source: string,
  on: readonly string[],
  clauses: readonly string[],
): string {
  return [
    `MERGE INTO ${qualified(database, target)} AS t`,
    `USING (${source}) AS s`,
    `ON ${on.join(' AND ')}`,
    ...clauses,
  ].join('\n')
}

function whenMatched(conditions: readonly (string | undefined)[], action: string): string {
  const present = conditions.filter(condition => condition !== undefined)
  return `WHEN MATCHED AND ${present.join(' AND ')} THEN ${action}`
}

/** Sets what differs; none for models of which every column is the identity. */
function updateClause(
  { model, cleared }: LoadStatementInput,
  conditions: readonly (string | undefined)[],
): readonly string[] {
  const identity = identityColumns(model)
  const values = targetColumnsOf(model)
    .filter(({ tableName }) => !identity.includes(tableName))
    .map(({ tableName }) => quoteIdentifier(tableName))
  if (values.length === 0) return []
  const changed = values.map(name => `t.${name} IS DISTINCT FROM s.${name}`)
  const assignments = [
    ...values.map(name => `${name} = s.${name}`),
    ...cleared.map(name => `${quoteIdentifier(name)} = NULL`),
  ]
  return [whenMatched([...conditions, `(${changed.join(' OR ')})`], `UPDATE SET ${assignments.join(', ')}`)]
}

function insertClause(model: Model, condition: string | undefined): string {
  const columns = targetColumnsOf(model).map(({ tableName }) => quoteIdentifier(tableName))
  const when = condition === undefined ? 'WHEN NOT MATCHED' : `WHEN NOT MATCHED AND ${condition}`
  return `${when} THEN INSERT (${columns.join(', ')}) VALUES (${columns.map(name => `s.${name}`).join(', ')})`
}

/** A row without a cursor is older than any with one. */
function notOlderCondition(model: Model): string | undefined {
  const cursor = cursorOf(model)
  if (!cursor) return undefined
  const name = quoteIdentifier(cursor.tableName)
  return `(s.${name} >= t.${name} OR t.${name} IS NULL)`
}
