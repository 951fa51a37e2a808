import { targetTypeOf } from '../domain/column-type.ts'
import { columnTypeSchema } from '../domain/column-type-schema.ts'
import type { Model } from '../domain/model.ts'
import { tableNamesOf } from '../domain/names.ts'
import { recordAfter, type TableRecord } from '../domain/table-record.ts'
import type { TargetColumns } from './plan-target.ts'
import { typeChange } from './type-change.ts'

/** A model and what is there of its table. */
interface Loaded {
  readonly model: Model
  readonly target: TargetColumns | undefined
  readonly record?: TableRecord | undefined
}

/**
 * The model as its table has it. Columns keep the names under which they were loaded, also when others that fold to
 * the same name came since; a type that the table has wider already (widened before) is read and staged so.
 */
export function modelForTable({ model, target, record }: Loaded): Model {
  const tableNames = tableNamesOf(
    model.columns.map(column => column.name),
    knownNames(model, record),
  )
  const columns = model.columns.map(column => {
    const tableName = tableNames.get(column.name) ?? column.tableName
    const found = target?.columns.find(({ name }) => name === tableName)
    const isWider = found && typeChange(found.type, targetTypeOf(column.type)) === 'wider-already'
    return { ...column, tableName, type: isWider ? columnTypeSchema.parse(found.type) : column.type }
  })
  return { ...model, columns }
}

/** With suffixes each spelling is a column of its own, for ever; without, other spellings of a name go on with its column. */
function knownNames(model: Model, record: TableRecord | undefined): ReadonlyMap<string, string> {
  const known = record ? [...record.columns, ...record.dropped] : []
  const present = known.filter(
    ({ name }) => model.nameCollisions === 'suffix' || model.columns.some(column => column.name === name),
  )
  return new Map(present.map(({ name, tableName }) => [name, tableName]))
}

/**
 * True when the rows after the watermark are not enough: the table is new, or was never filled, or the model wants
 * existing rows to have their values of a column that no load has filled yet.
 */
export function needsFullRead({ model, target, record }: Loaded): boolean {
  if (!target || !record) return true
  if (model.addedColumns === 'null') return false
  const inTable = new Set(target.columns.map(column => column.name))
  const filled = new Set(record.columns.map(column => column.tableName).filter(name => inTable.has(name)))
  return model.columns.some(column => !filled.has(column.tableName))
}

/** Names of the target's columns that earlier loads filled and the model no longer has. Never the customer's own. */
export function droppedColumns({ model, target, record }: Loaded): readonly string[] {
  if (!target || !record) return []
  const inTable = new Set(target.columns.map(column => column.name))
  const { dropped } = recordAfter(model, {
    location: record.location,
    before: record,
    hasChanged: false,
  })
  return dropped.map(column => column.tableName).filter(name => inTable.has(name))
}

/**
 * Names of the target's `bigint` columns that its newest snapshot is not known to have as such. Where it has `int`, Trino
 * 476 fails every statement with a condition on the column (its issue 29802), until the next snapshot; Athena's Trino may.
 */
export function freshlyWidened({ model, target, record }: Loaded): readonly string[] {
  if (!target) return []
  const known = new Map(
    [...(record?.dropped ?? []), ...(record?.columns ?? [])].map(({ tableName, type }) => [tableName, type]),
  )
  return model.columns
    .filter(({ tableName, type }) => type.kind === 'bigint' && known.get(tableName) !== 'bigint')
    .map(({ tableName }) => tableName)
}
