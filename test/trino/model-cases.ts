import fc from 'fast-check'
import { type ColumnType, formatColumnType } from '../../src/domain/column-type.ts'
import { type Model, modelSchema, type WriteMode } from '../../src/domain/model.ts'
import { VERSION_COLUMN } from '../../src/sources/singer/stream-shape.ts'
import { anyValue, deletion, fewValues } from './literals.ts'
import { BIGINT, type ModelShape } from './model-shapes.ts'

/** A model as it is at one load, and the rows that are staged for it. */
export interface CaseLoad {
  readonly model: Model
  readonly writeMode: WriteMode
  /** Cells as DuckDB's literals, in the order of the model's columns. */
  readonly rows: readonly (readonly string[])[]
}

/** Three loads of one table: of a model, of what it becomes, and of that or of the first one again. */
export type ModelCase = readonly [CaseLoad, CaseLoad, CaseLoad]

/** The version of a Singer stream that is active in the end. */
export const ACTIVE_VERSION = 2

/** Cases of one shape; every load has at least `minRows` rows. */
export function casesOf(shape: ModelShape, minRows = 0): fc.Arbitrary<ModelCase> {
  const [first, evolved] = [firstColumns(shape), evolvedColumns(shape)]
  const all = [...new Map([...evolved, ...first].map(column => [column.name, column])).values()]
  const row = fc.record(Object.fromEntries(all.map(({ name, type }) => [name, cell(name, type)])))
  const batch = fc.array(row, { minLength: minRows, maxLength: Math.max(minRows, 10) })
  const [model, later] = [toModel(first, shape), toModel(evolved, shape)]
  return fc.tuple(batch, batch, batch, fc.nat(4)).map(([one, two, three, againCount]) => {
    const load = (own: Model, rows: readonly Row[], writeMode = own.writeMode): CaseLoad => ({
      model: own,
      writeMode,
      rows: rows.map(cells => cellsOf(own, shape, cells)),
    })
    // As a window's lookback does, the second load brings rows again; in one batch too a row may come twice.
    const again = one.slice(0, againCount)
    return [
      load(model, [...one, ...one.slice(-1)]),
      load(later, [...again, ...two], shape.isRefreshed ? 'overwrite' : shape.writeMode),
      load(shape.isTakenBack ? model : later, three),
    ]
  })
}

type Row = Readonly<Record<string, string>>

function cellsOf(model: Model, { hasImmutable }: ModelShape, cells: Row): readonly string[] {
  return model.columns.map(({ name }) => {
    if (hasImmutable && name === 'immutable') return String(immutableOf(model, cells))
    return cells[name] ?? 'NULL'
  })
}

/** The same number for the same key; where there is none, for the same row. */
function immutableOf({ primaryKey }: Model, cells: Row): number {
  const names = primaryKey.length > 0 ? primaryKey : Object.keys(cells)
  return Array.from(names.map(name => cells[name]).join(' ')).reduce(
    (sum, character) => sum + (character.codePointAt(0) ?? 0),
    0,
  )
}

function cell(name: string, type: ColumnType): fc.Arbitrary<string> {
  if (name === 'deleted') return deletion(type)
  if (name === VERSION_COLUMN) return fc.constantFrom('NULL', '1', String(ACTIVE_VERSION), '3')
  if (name === 'immutable') return fc.constant('0')
  if (name === 'cursor')
    return fc.oneof({ weight: 5, arbitrary: fewValues(type) }, { weight: 1, arbitrary: fc.constant('NULL') })
  return name.startsWith('key') ? fewValues(type) : anyValue(type)
}

interface NamedType {
  readonly name: string
  readonly type: ColumnType
  readonly description?: string
}

function firstColumns({ keys, cursor, deletes, hasImmutable, hasVersion, values }: ModelShape): NamedType[] {
  return [
    ...keys.map((type, index) => ({ name: `key_${index}`, type })),
    ...(cursor ? [{ name: 'cursor', type: cursor }] : []),
    ...(deletes ? [{ name: 'deleted', type: deletes.type }] : []),
    ...(hasImmutable ? [{ name: 'immutable', type: BIGINT }] : []),
    ...(hasVersion ? [{ name: VERSION_COLUMN, type: BIGINT }] : []),
    ...values.map((type, index) => ({ name: `Value ${index}`, type })),
    // A table needs a column, and append without a key has none otherwise.
    ...(keys.length + values.length === 0 ? [{ name: 'Value 0', type: BIGINT }] : []),
  ]
}

/** Keys and a third of the values have wider types where there are any, one value is described, one dropped, and some added. */
function evolvedColumns(shape: ModelShape): readonly NamedType[] {
  const kept = firstColumns(shape).filter(({ name }) => name !== 'Value 1')
  const added = shape.added.map((type, index) => ({ name: `added_${index}`, type, description: "it's new" }))
  return [
    ...kept.map(column => {
      const own = /^key|^Value [036]$/.test(column.name) ? { ...column, type: widened(column.type) } : column
      return column.name === 'Value 2' ? { ...own, description: 'a "description", `of` it' } : own
    }),
    ...added,
  ]
}

function widened(type: ColumnType): ColumnType {
  if (type.kind === 'integer') return BIGINT
  if (type.kind === 'float') return { kind: 'double' }
  return type.kind === 'decimal' ? { ...type, precision: 38 } : type
}

function toModel(columns: readonly NamedType[], shape: ModelShape): Model {
  const { keys, writeMode, cursor, deletes, hasImmutable } = shape
  return modelSchema.parse({
    name: 'generated',
    source: 'files',
    files: { path: '*.ndjson' },
    writeMode,
    primaryKey: keys.map((_, index) => `key_${index}`),
    ...(hasImmutable && { immutable: ['immutable'] }),
    ...(cursor && { cursor: 'cursor' }),
    ...(deletes && { deletes: { column: 'deleted', keepRows: deletes.keepRows } }),
    columns: columns.map(column => ({ ...column, type: formatColumnType(column.type) })),
  })
}
