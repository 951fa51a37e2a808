import { z } from 'zod'
import { canBeKey, formatColumnType } from './column-type.ts'
import { columnTypeSchema } from './column-type-schema.ts'
import { foldingCollisions, foldName, MAX_NAME_BYTES, RESERVED_PREFIX } from './names.ts'

const columnSchema = z
  .strictObject({
    name: z.string().min(1).meta({ description: 'Name in the source; the table folds it to [a-z0-9_].' }),
    type: columnTypeSchema.meta({
      description:
        'boolean, integer, bigint, float, double, decimal(p,s), string, json, uuid, time, bytes, date, timestamp, list<type>, map<type, type> or struct<name: type, …>.',
    }),
    description: z
      .string()
      .max(255)
      .optional()
      .meta({ description: "Becomes the column's comment in Glue." }),
  })
  .transform(column => ({ ...column, tableName: foldName(column.name) }))

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
      .max(2048)
      .optional()
      .meta({ description: "Becomes the table's description in Glue." }),
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
  })
  .superRefine((model, context) => {
    const names = model.columns.map(column => column.name)
    for (const [path, name] of referredColumns(model)) {
      if (!names.includes(name))
        context.addIssue({ code: 'custom', path, message: `no column is named "${name}"` })
    }
    for (const group of foldingCollisions(names)) {
      context.addIssue({
        code: 'custom',
        path: ['columns'],
        message: `columns ${group.map(name => `"${name}"`).join(' and ')} are one name in Athena`,
      })
    }
    for (const [index, column] of model.columns.entries()) {
      const problem = tableNameProblem(column.tableName)
      if (problem) context.addIssue({ code: 'custom', path: ['columns', index, 'name'], message: problem })
      const key = model.primaryKey.includes(column.name)
      if (key && !canBeKey(column.type)) {
        context.addIssue({
          code: 'custom',
          path: ['columns', index, 'type'],
          message: `a primary key cannot be of type ${formatColumnType(column.type)}`,
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
    const problem = tableNameProblem(foldName(model.name))
    if (problem) context.addIssue({ code: 'custom', path: ['name'], message: problem })
  })
  .transform(model => ({ ...model, tableName: foldName(model.name) }))

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

function tableNameProblem(tableName: string): string | undefined {
  if (!/[a-z0-9]/.test(tableName)) return 'has no letter or digit that Athena keeps in a name'
  if (Buffer.byteLength(tableName) > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`
  if (tableName.startsWith(RESERVED_PREFIX))
    return `names beginning with ${RESERVED_PREFIX} are kept for this product`
  return undefined
}

/** A model as the rest of the product sees it: validated, defaults filled, `tableName` folded. */
export type Model = z.output<typeof modelSchema>

/** One declared column; `name` is the source's spelling, `tableName` the table's. */
export type Column = Model['columns'][number]
