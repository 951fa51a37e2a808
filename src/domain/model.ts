import { z } from 'zod'
import { columnTypeSchema } from './column-type.ts'
import { foldingCollisions, foldName, tableNamesOf } from './names.ts'

/** Longest comment of a column and description of a table in Glue, in bytes. */
const [MAX_COMMENT_BYTES, MAX_DESCRIPTION_BYTES] = [255, 2048]

const columnSchema = z.strictObject({
  name: z.string().min(1).meta({ description: 'Name in the source; the table folds it to [a-z0-9_].' }),
  type: columnTypeSchema.meta({
    description:
      'boolean, integer, bigint, float, double, decimal(p,s), string, json, uuid, time, bytes, date or timestamp.',
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
    writeMode: z.enum(['merge']).default('merge').meta({ description: 'How staged rows meet the target.' }),
    primaryKey: z.array(z.string().min(1)).min(1).meta({ description: 'Columns that identify a row.' }),
    cursor: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Last-modified column; absent: every transfer reads all.' }),
    lookbackMs: z.int().min(0).default(300_000).meta({
      description: 'How much before the watermark is read again, for a timestamp cursor. Milliseconds.',
    }),
    rejectedRows: z
      .strictObject({ maxCount: z.int().min(0).default(0) })
      .prefault({})
      .meta({ description: 'Rows that may be quarantined before the model fails.' }),
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
    for (const [index, column] of model.columns.entries()) {
      const key = model.primaryKey.includes(column.name)
      if (key && KEYLESS_KINDS.has(column.type.kind)) {
        context.addIssue({
          code: 'custom',
          path: ['columns', index, 'type'],
          message: `a primary key cannot be of type ${column.type.kind}`,
        })
      }
      if (column.name === model.cursor && !CURSOR_KINDS.has(column.type.kind)) {
        context.addIssue({
          code: 'custom',
          path: ['cursor'],
          message: `a cursor cannot be of type ${column.type.kind}; use timestamp, date, integer or bigint`,
        })
      }
    }
  })
  .transform(model => {
    const tableNames = tableNamesOf(model.columns.map(column => column.name))
    const columns = model.columns.map(column => ({
      ...column,
      tableName: tableNames.get(column.name) ?? foldName(column.name),
    }))
    return { ...model, tableName: foldName(model.name), columns }
  })

/** Kinds whose equality is not identity: NaN, or text that is equal in other spellings. */
const KEYLESS_KINDS: ReadonlySet<string> = new Set(['float', 'double', 'json', 'bytes'])

const CURSOR_KINDS: ReadonlySet<string> = new Set(['timestamp', 'date', 'integer', 'bigint'])

function referredColumns(model: {
  readonly primaryKey: readonly string[]
  readonly cursor?: string | undefined
}): [path: (string | number)[], name: string][] {
  const keys = model.primaryKey.map((name, index): [(string | number)[], string] => [
    ['primaryKey', index],
    name,
  ])
  return model.cursor === undefined ? keys : [...keys, [['cursor'], model.cursor]]
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
