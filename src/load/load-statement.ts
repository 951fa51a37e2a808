import type { Model, WriteMode } from '../domain/model.ts'
import { boundColumnsOf, cursorOf, identityOf, targetColumnsOf } from '../domain/row-identity.ts'
import { boundsConditions, type KeyBounds } from './key-bounds.ts'
import { quoteIdentifier } from './quote.ts'
import { ALL_ROWS, hashCondition, type RowRange, rangeConditions } from './row-range.ts'
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

/** Computed column of an overwrite: true for rows that are staged, NULL for those that only the target has. */
const STAGED_COLUMN = '_transfer_staged'

/** What the identity columns of the target are called beside those of the staged rows. */
const EXISTING_PREFIX = '_transfer_existing_'

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
  const { source, on, clauses } = mergeOf(input)
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
  switch (input.writeMode) {
    case 'merge':
      return mergeByKey(input)
    case 'append':
      return append(input)
    case 'overwrite':
      return overwrite(input)
  }
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

/** The target becomes what is staged: rows that it has and the source has not are deleted in the same snapshot. */
function overwrite(input: StatementInput): Merge {
  const { model } = input
  const identity = identityColumns(model).map(name => ({
    name: sourceName(input, name),
    existing: quoteIdentifier(`${EXISTING_PREFIX}${name}`),
    inTarget: (alias: string): string => existingIdentity(model, `${alias}${quoteIdentifier(name)}`),
  }))
  const isStaged = quoteIdentifier(STAGED_COLUMN)
  return {
    source: overwriteSource(input, identity),
    on: identity.map(one => `${one.inTarget('t.')} = s.${one.existing}`),
    clauses: [
      deletion([`s.${isStaged} IS NULL`]),
      ...updateClause(input, []),
      insertClause(input, `s.${isStaged} IS NOT NULL`),
    ],
  }
}

interface ExistingIdentity {
  /** What the staged rows call the column. */
  readonly name: string
  readonly existing: string
  readonly inTarget: (alias: string) => string
}

function overwriteSource(input: StatementInput, identity: readonly ExistingIdentity[]): string {
  const { database, target, model, rows } = input
  const columns = targetColumnsOf(model).map(({ tableName }) => `n.${sourceName(input, tableName)}`)
  const isStaged = quoteIdentifier(STAGED_COLUMN)
  const deleted = deletedCondition(model, name => sourceName(input, name))
  const hashed = hashCondition(rows, targetHash(model))
  const staged = `SELECT *, true AS ${isStaged} FROM (${stagedRows(input)})${deleted ? ` WHERE NOT (${deleted})` : ''}`
  const existing = `SELECT DISTINCT ${identity.map(one => `${one.inTarget('')} AS ${one.existing}`).join(', ')} FROM ${qualified(database, target)}${hashed ? ` WHERE ${hashed}` : ''}`
  return [
    `SELECT ${[...columns, `n.${isStaged}`, ...identity.map(one => `e.${one.existing}`)].join(', ')}`,
    `FROM (${staged}) AS n FULL OUTER JOIN (${existing}) AS e`,
    `ON ${identity.map(one => `n.${one.name} = e.${one.existing}`).join(' AND ')}`,
  ].join(' ')
}

/** Rows that somebody else wrote, or that are from before the model was told apart by content, have no row id. */
function existingIdentity(model: Model, name: string): string {
  return identityOf(model) === 'content' ? `coalesce(${name}, '')` : name
}

/** Where a column never changes for a row, what a part's rows lie in bounds what it reads of the target, too. */
function matchConditions(input: StatementInput): readonly string[] {
  const { model, bounds, rows } = input
  const same = identityColumns(model).map(name => `t.${quoteIdentifier(name)} = s.${sourceName(input, name)}`)
  const constant = new Set(boundColumnsOf(model).map(({ tableName }) => tableName))
  const ranges = rows.columns.filter(({ column }) => constant.has(column))
  return [
    ...same,
    ...boundsConditions(bounds),
    ...rangeConditions({ ...rows, columns: ranges }, name => `t.${quoteIdentifier(name)}`),
  ]
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
