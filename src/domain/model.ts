import { z } from 'zod'
import { canBeKey, formatColumnType } from './column-type.ts'
import { columnTypeSchema } from './column-type-schema.ts'
import { foldingCollisions, foldName, tableNamesOf } from './names.ts'
import { partitionFieldSchema, partitionProblems } from './partition-field.ts'
import { rejectedRowLimitsSchema } from './rejected-row.ts'

/** Longest comment of a column and description of a table in Glue, in bytes. */
const [MAX_COMMENT_BYTES, MAX_DESCRIPTION_BYTES] = [255, 2048]

/**
 * 5 GiB. A MERGE reads the table and joins it, which the new table spares: from here on a scan of two cents and more (at 5
 * dollars a TB), and a join of some hundred million rows, which is where Athena's memory may end. Below it rows that did
 * not change are left alone and the table keeps its history, which is worth more.
 */
const DEFAULT_SWAP_BYTES = 5 * 1024 ** 3

const columnSchema = z.strictObject({
  name: z.string().min(1).meta({ description: 'Name in the source; the table folds it to [a-z0-9_].' }),
  type: columnTypeSchema.meta({
    description:
      'boolean, integer, bigint, float, double, decimal(p,s), string, json, uuid, time, bytes, date, timestamp, list<type>, map<type, type> or struct<name: type, …>.',
  }),
  description: z
    .string()
    .refine(fitsIn(MAX_COMMENT_BYTES), `is longer than ${MAX_COMMENT_BYTES} bytes`)
    .refine(text => !/[\r\n]/.test(text), 'has more than one line, which Glue does not take')
    .optional()
    .meta({ description: "Becomes the column's comment; empty removes it, absent leaves it as it is." }),
})

function fitsIn(maxBytes: number): (text: string) => boolean {
  return text => Buffer.byteLength(text) <= maxBytes
}

const filesSchema = z.strictObject({
  path: z.string().min(1).meta({ description: "Path or glob below the source's base." }),
  format: z
    .enum(['ndjson', 'csv', 'parquet'])
    .optional()
    .meta({ description: 'Default: by file extension.' }),
  csv: z
    .strictObject({
      delimiter: z.string().length(1).default(','),
      quote: z.string().length(1).default('"'),
      nullText: z.string().default(''),
    })
    .prefault({})
    .meta({ description: 'How CSV files are spelled. Ignored for other formats.' }),
})

/** How staged rows meet the target, and what each way promises. */
export const WRITE_MODE_PROMISES = {
  merge: 'The newest row of each key; a row that is older than the one in the table changes nothing.',
  append:
    'Every row that was ever read, once for each time the source holds it; nothing is changed or removed.',
  overwrite: 'What the source holds now, changed in one step; rows that are as they were are left alone.',
} as const

const WRITE_MODES = ['merge', 'append', 'overwrite'] as const satisfies readonly WriteMode[]

/** One of the ways. */
export type WriteMode = keyof typeof WRITE_MODE_PROMISES

function describeWriteModes(): string {
  return WRITE_MODES.map(mode => `${mode}: ${WRITE_MODE_PROMISES[mode]}`).join(' ')
}

/** The declared shape of one table and where its rows come from. */
export const modelSchema = z
  .strictObject({
    name: z.string().min(1).meta({ description: 'Model name; the target table is its folded form.' }),
    description: z
      .string()
      .refine(fitsIn(MAX_DESCRIPTION_BYTES), `is longer than ${MAX_DESCRIPTION_BYTES} bytes`)
      .optional()
      .meta({ description: "Becomes the table's description; empty removes it, absent leaves it as it is." }),
    source: z.string().min(1).meta({ description: 'Name of the source.' }),
    files: filesSchema,
    writeMode: z
      .enum(WRITE_MODES)
      .default('merge')
      .meta({ description: `How staged rows meet the target. ${describeWriteModes()}` }),
    primaryKey: z.array(z.string().min(1)).default([]).meta({
      description: 'Columns that identify a row; merge needs them, overwrite changes less with them.',
    }),
    deletes: z
      .strictObject({
        column: z.string().min(1).meta({
          description: 'A boolean that is true, or a timestamp or date that is not NULL, in deleted rows.',
        }),
        keepRows: z.boolean().default(false).meta({
          description: 'Keep deleted rows in the table, marked by the column, instead of removing them.',
        }),
      })
      .optional()
      .meta({ description: 'How the source says that a row is deleted. Not for append.' }),
    immutable: z.array(z.string().min(1)).default([]).meta({
      description:
        'Columns that never change for a key. A load then reads only the files of the target that hold their staged range.',
    }),
    partitionBy: z.array(partitionFieldSchema).prefault([]).meta({
      description:
        'Hidden partitions of a table that is made anew: a column, year(c), month(c), day(c), hour(c), bucket(n, c) or truncate(n, c). A table keeps those that it was made with.',
    }),
    cursor: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Last-modified column; absent: every transfer reads all.' }),
    lookbackMs: z.int().min(0).default(300_000).meta({
      description: 'How much before the watermark is read again, for a timestamp cursor. Milliseconds.',
    }),
    swapAtBytes: z.int().min(0).default(DEFAULT_SWAP_BYTES).meta({
      description:
        "Bytes of the table's files from which it is overwritten by a new table that takes its place, instead of one MERGE.",
    }),
    rejectedRows: rejectedRowLimitsSchema.meta({
      description: 'Rows that may be quarantined before the model fails. Default: none.',
    }),
    columns: z.array(columnSchema).min(1).max(1000),
    addedColumns: z.enum(['null', 'backfill']).default('null').meta({
      description:
        'What existing rows have in a column added later: NULL until they change, or their value, for which that transfer reads all rows.',
    }),
    nameCollisions: z.enum(['refuse', 'suffix']).default('refuse').meta({
      description:
        'Columns that are one name in Athena: refused, or told apart by a hash of their source names.',
    }),
  })
  .superRefine((model, context) => {
    const names = model.columns.map(column => column.name)
    for (const [path, name] of referredColumns(model)) {
      if (!names.includes(name))
        context.addIssue({ code: 'custom', path, message: `no column is named "${name}"` })
    }
    for (const group of unresolvedCollisions(names, model.nameCollisions)) {
      context.addIssue({
        code: 'custom',
        path: ['columns'],
        message: `columns ${group.map(name => `"${name}"`).join(' and ')} are one name in Athena`,
      })
    }
    for (const { at, message } of partitionProblems(model.partitionBy, withTableNames(model.columns)))
      context.addIssue({ code: 'custom', path: ['partitionBy', at], message })
    for (const [index, column] of model.columns.entries()) {
      const key = model.primaryKey.includes(column.name)
      if (key && !canBeKey(column.type)) {
        context.addIssue({
          code: 'custom',
          path: ['columns', index, 'type'],
          message: `a primary key cannot be of type ${formatColumnType(column.type)}`,
        })
      }
      if (column.name === model.deletes?.column && !DELETION_KINDS.has(column.type.kind)) {
        context.addIssue({
          code: 'custom',
          path: ['deletes', 'column'],
          message: `deletes cannot be told by a ${column.type.kind}; use boolean, timestamp or date`,
        })
      }
      if (column.name === model.cursor && !CURSOR_KINDS.has(column.type.kind)) {
        context.addIssue({
          code: 'custom',
          path: ['cursor'],
          message: `a cursor cannot be of type ${formatColumnType(column.type)}; use timestamp, date, integer or bigint`,
        })
      }
    }
    if (model.writeMode === 'merge' && model.primaryKey.length === 0) {
      const message = 'merge needs a primary key; without one use append or overwrite'
      context.addIssue({ code: 'custom', path: ['primaryKey'], message })
    }
    if (model.writeMode === 'append' && model.deletes && !model.deletes.keepRows) {
      const message = 'append never removes rows; keep them (keepRows: true) or use merge'
      context.addIssue({ code: 'custom', path: ['deletes'], message })
    }
  })
  .transform(model => ({
    ...model,
    tableName: foldName(model.name),
    columns: withTableNames(model.columns),
  }))

function withTableNames<Column extends { readonly name: string }>(
  columns: readonly Column[],
): (Column & { readonly tableName: string })[] {
  const tableNames = tableNamesOf(columns.map(column => column.name))
  return columns.map(column => ({
    ...column,
    tableName: tableNames.get(column.name) ?? foldName(column.name),
  }))
}

const CURSOR_KINDS: ReadonlySet<string> = new Set(['timestamp', 'date', 'integer', 'bigint'])

const DELETION_KINDS: ReadonlySet<string> = new Set(['boolean', 'timestamp', 'date'])

function referredColumns(model: {
  readonly primaryKey: readonly string[]
  readonly immutable: readonly string[]
  readonly partitionBy: readonly { readonly column: string }[]
  readonly cursor?: string | undefined
  readonly deletes?: { readonly column: string } | undefined
}): [path: (string | number)[], name: string][] {
  const listed = (field: 'primaryKey' | 'immutable') =>
    model[field].map((name, index): [(string | number)[], string] => [[field, index], name])
  return [
    ...listed('primaryKey'),
    ...listed('immutable'),
    ...model.partitionBy.map(({ column }, index): [(string | number)[], string] => [
      ['partitionBy', index],
      column,
    ]),
    ...(model.cursor === undefined ? [] : [[['cursor'], model.cursor] as [string[], string]]),
    ...(model.deletes ? [[['deletes', 'column'], model.deletes.column] as [string[], string]] : []),
  ]
}

/** Names that stay one: all that fold alike, or with suffixes those that are the same, or whose hashes are. */
function unresolvedCollisions(
  names: readonly string[],
  choice: 'refuse' | 'suffix',
): readonly (readonly string[])[] {
  if (choice === 'refuse') return foldingCollisions(names)
  const tableNames = tableNamesOf(names)
  const groups = Map.groupBy(names, name => tableNames.get(name))
  return [...groups.values()].filter(group => group.length > 1)
}

/**
 * A model as the rest of the product sees it: validated, defaults filled, tables' names decided. Columns of a table that
 * exists may have other names and wider types, see `modelForTable`.
 */
export type Model = z.output<typeof modelSchema>

/** One declared column; `name` is the source's spelling, `tableName` the table's. */
export type Column = Model['columns'][number]

/** A column whose name in the table is not the source's. */
export interface RenamedColumn {
  readonly source: string
  readonly table: string
}

/** The model's columns whose names differ between source and table, in the model's order. */
export function renamedColumns(model: Model): readonly RenamedColumn[] {
  return model.columns
    .filter(({ name, tableName }) => name !== tableName)
    .map(({ name, tableName }) => ({ source: name, table: tableName }))
}
