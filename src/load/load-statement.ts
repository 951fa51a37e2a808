import type { Model, WriteMode } from '../domain/model.ts'
import { cursorOf, identityOf, targetColumnsOf } from '../domain/row-identity.ts'
import { boundsConditions, type KeyBounds } from './key-bounds.ts'
import { quoteIdentifier } from './quote.ts'
import { deletedCondition, identityColumns, qualified, type StagedInput, stagedRows } from './staged-rows.ts'

/** Computed column of an overwrite: true for rows that are staged, NULL for those that only the target has. */
const STAGED_COLUMN = '_transfer_staged'

/** What the identity columns of the target are called beside those of the staged rows. */
const EXISTING_PREFIX = '_transfer_existing_'

/** What one statement moves. */
export interface LoadStatementInput extends StagedInput {
  /** How the rows meet the target: the model's own way, or `overwrite` for a full refresh. */
  readonly writeMode: WriteMode
  readonly target: string
  /** Bounds of the staged rows; empty when not known, which costs reading more of the target. */
  readonly bounds: readonly KeyBounds[]
  /** Columns of the target that the model had once: rows that change read NULL in them from then on. */
  readonly cleared: readonly string[]
}

/**
 * The one statement of a load, a MERGE in each mode. Running it again changes nothing, a batch that changes nothing
 * makes no snapshot, and of two at once Iceberg's conflict check lets one fail, so that no row is doubled.
 */
export function loadStatement(input: LoadStatementInput): string {
  switch (input.writeMode) {
    case 'merge':
      return mergeStatement(input)
    case 'append':
      return insertStatement(input)
    case 'overwrite':
      return overwriteStatement(input)
  }
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

/** The target becomes what is staged: rows that it has and the source has not are deleted in the same snapshot. */
function overwriteStatement(input: LoadStatementInput): string {
  const { database, target, model } = input
  const columns = targetColumnsOf(model).map(({ tableName }) => `n.${quoteIdentifier(tableName)}`)
  const identity = identityColumns(model).map(name => ({
    name: quoteIdentifier(name),
    existing: quoteIdentifier(`${EXISTING_PREFIX}${name}`),
    inTarget: (alias: string): string => existingIdentity(model, `${alias}${quoteIdentifier(name)}`),
  }))
  const isStaged = quoteIdentifier(STAGED_COLUMN)
  const deleted = deletedCondition(model, '')
  const staged = `SELECT *, true AS ${isStaged} FROM (${stagedRows(input)})${deleted ? ` WHERE NOT (${deleted})` : ''}`
  const existing = `SELECT DISTINCT ${identity.map(one => `${one.inTarget('')} AS ${one.existing}`).join(', ')} FROM ${qualified(database, target)}`
  const source = [
    `SELECT ${[...columns, `n.${isStaged}`, ...identity.map(one => `e.${one.existing}`)].join(', ')}`,
    `FROM (${staged}) AS n FULL OUTER JOIN (${existing}) AS e`,
    `ON ${identity.map(one => `n.${one.name} = e.${one.existing}`).join(' AND ')}`,
  ].join(' ')
  return statement(
    input,
    source,
    identity.map(one => `${one.inTarget('t.')} = s.${one.existing}`),
    [
      whenMatched([`s.${isStaged} IS NULL`], 'DELETE'),
      ...updateClause(input, []),
      insertClause(model, `s.${isStaged} IS NOT NULL`),
    ],
  )
}

/** Rows that somebody else wrote, or that are from before the model was told apart by content, have no row id. */
function existingIdentity(model: Model, name: string): string {
  return identityOf(model) === 'content' ? `coalesce(${name}, '')` : name
}

function matchConditions({ model, bounds }: LoadStatementInput): readonly string[] {
  const same = identityColumns(model).map(name => `t.${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`)
  return [...same, ...boundsConditions(bounds)]
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
