import { type Model, modelSchema } from '../../src/domain/model.ts'

/** One row of a source, whatever of it a model declares. `null` is NULL; `at` is microseconds since the epoch. */
export interface SourceRow {
  readonly id: number
  readonly part: string
  readonly deleted: boolean | null
  readonly at: number | null
  readonly name: string | null
  readonly n: number | null
  readonly f: number | null
  readonly d: number | null
}

/** Columns that a model may declare or not, each in a narrow and a wide type. */
export const CHANGING = {
  name: { narrow: 'string', wide: 'string' },
  n: { narrow: 'integer', wide: 'bigint' },
  f: { narrow: 'float', wide: 'double' },
  d: { narrow: 'decimal(5,2)', wide: 'decimal(20,2)' },
} as const

/** One of these columns. */
export type Changing = keyof typeof CHANGING

/** A model at one time of a history. */
export interface Shape {
  readonly writeMode: 'merge' | 'append' | 'overwrite'
  readonly key: readonly ('id' | 'part')[]
  readonly hasCursor: boolean
  /** `hard`: deleted rows leave the table; `soft`: they stay, marked; `none`: the flag is a column like others. */
  readonly deletes: 'hard' | 'soft' | 'none'
  readonly lookbackSeconds: number
  readonly backfills: boolean
  /** Tables count as large from their first byte on, and are overwritten by swap. */
  readonly isLarge: boolean
  readonly maxRejected: number
  readonly columns: readonly DeclaredColumn[]
}

/** A changing column as a model declares it. Descriptions: `''` takes the comment away, undefined leaves it. */
export interface DeclaredColumn {
  readonly name: Changing
  readonly isWide: boolean
  readonly description?: string | undefined
}

/** Columns that every shape has, with their types in the table. */
export const FIXED = { id: 'bigint', part: 'string', deleted: 'boolean', at: 'timestamp' } as const

/** The model that a shape declares, over the file of its name. */
export function modelOf(shape: Shape, name: string): Model {
  const { key, deletes } = shape
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
    writeMode: shape.writeMode,
    primaryKey: key,
    ...(shape.hasCursor ? { cursor: 'at' } : {}),
    ...(deletes === 'none' ? {} : { deletes: { column: 'deleted', keepRows: deletes === 'soft' } }),
    lookbackMs: shape.lookbackSeconds * 1000,
    ...(shape.isLarge ? { swapAtBytes: 0 } : {}),
    rejectedRows: { maxCount: shape.maxRejected },
    addedColumns: shape.backfills ? 'backfill' : 'null',
    columns: [
      ...Object.entries(FIXED).map(([column, type]) => ({ name: column, type })),
      ...shape.columns.map(column => ({
        name: column.name,
        type: CHANGING[column.name][column.isWide ? 'wide' : 'narrow'],
        ...(column.description === undefined ? {} : { description: column.description }),
      })),
    ],
  })
}

/** The row as a line of NDJSON. */
export function lineOf({ at, ...row }: SourceRow): string {
  return JSON.stringify({ ...row, at: at === null ? null : `${timeText(at).replace(' ', 'T')}Z` })
}

/** As Athena prints a timestamp. */
export function timeText(at: number): string {
  const text = new Date(Math.floor(at / 1000)).toISOString().slice(0, 23).replace('T', ' ')
  return `${text}${String(at % 1000).padStart(3, '0')}`
}
