import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** What a stream's table should hold after its records, read from the Singer specification and not by the product. */
export interface ExpectedTable {
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly column: string; readonly isJson: boolean }[]
  /** Undefined for a stream that is appended. */
  readonly keys: readonly string[]
  readonly records: readonly Readonly<Record<string, unknown>>[]
}

const messageSchema = z.object({
  type: z.string(),
  stream: z.string().optional(),
  schema: z.object({ properties: z.record(z.string(), z.looseObject({})) }).optional(),
  key_properties: z.array(z.string()).optional(),
  record: z.record(z.string(), z.unknown()).optional(),
  value: z.unknown().optional(),
})

type Message = z.output<typeof messageSchema>

/** The messages of some files, one after the other. */
export function messagesOf(paths: readonly string[]): readonly Message[] {
  return paths
    .flatMap(path => readFileSync(path, 'utf8').split('\n'))
    .filter(line => line !== '')
    .map(line => messageSchema.parse(JSON.parse(line)))
}

/** The value of the last STATE message; undefined without one. */
export function lastState(messages: readonly Message[]): unknown {
  return messages.findLast(({ type }) => type === 'STATE')?.value
}

/** The tables that the messages make: of the records of one key the last, where there is a key. */
export function expectedTables(messages: readonly Message[]): readonly ExpectedTable[] {
  const streams = new Set(messages.flatMap(({ type, stream = '' }) => (type === 'SCHEMA' ? [stream] : [])))
  return [...streams].map(stream => {
    const own = messages.filter(message => message.stream === stream)
    const properties = Object.assign({}, ...own.map(({ schema }) => schema?.properties ?? {}))
    const keys = own.findLast(({ type }) => type === 'SCHEMA')?.key_properties ?? []
    const records = own.flatMap(({ record }) => (record ? [record] : []))
    return {
      table: folded(stream),
      columns: Object.entries<{ type?: unknown }>(properties).map(([name, { type }]) => ({
        name,
        column: folded(name),
        isJson: type === 'object' || type === 'array',
      })),
      keys,
      records: keys.length === 0 ? records : lastOfEachKey(records, keys),
    }
  })
}

function lastOfEachKey(records: ExpectedTable['records'], keys: readonly string[]): ExpectedTable['records'] {
  const byKey = new Map(records.map(record => [JSON.stringify(keys.map(key => record[key])), record]))
  return [...byKey.values()]
}

/** Athena's lower case, and `_` for what it does not keep. */
function folded(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')
}

/** A table's rows as comparable text: numbers by value, JSON by what it says. */
export function expectedRows({ columns, records }: ExpectedTable): readonly string[] {
  return records
    .map(record => JSON.stringify(columns.map(({ name }) => comparable(record[name] ?? null))))
    .sort()
}

/** The rows that Athena gave, in the same text. */
export function foundRows(
  { columns }: ExpectedTable,
  rows: readonly (readonly (string | null)[])[],
): readonly string[] {
  return rows
    .map(row =>
      JSON.stringify(
        columns.map(({ isJson }, index) => {
          const cell = row[index] ?? null
          return comparable(isJson && cell !== null ? JSON.parse(cell) : cell)
        }),
      ),
    )
    .sort()
}

function comparable(value: unknown): unknown {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
}
