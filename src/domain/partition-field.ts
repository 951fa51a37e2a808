import { z } from 'zod'
import { type ColumnType, formatColumnType } from './column-type.ts'

/** Types of columns that each of Iceberg's transforms takes here, from its specification; floating numbers and JSON have no place of their own. */
const EXACT = ['integer', 'bigint', 'decimal', 'string', 'uuid', 'time'] as const
const TRANSFORMS = {
  identity: [...EXACT, 'boolean', 'date', 'timestamp'],
  year: ['date', 'timestamp'],
  month: ['date', 'timestamp'],
  day: ['date', 'timestamp'],
  hour: ['timestamp'],
  bucket: [...EXACT, 'date', 'timestamp', 'bytes'],
  truncate: EXACT,
} as const satisfies Record<Transform, readonly ColumnType['kind'][]>

/** What Iceberg makes a partition of. */
export const TRANSFORM_NAMES = ['identity', 'year', 'month', 'day', 'hour', 'bucket', 'truncate'] as const

type Transform = (typeof TRANSFORM_NAMES)[number]

/** One field of a table's hidden partitioning. */
export interface PartitionField {
  readonly transform: Transform
  /** Number of buckets, or width of a truncation; undefined for the other transforms. */
  readonly size?: number | undefined
  readonly column: string
}

/** Most partitions that one statement of Athena writes to. */
export const MAX_PARTITIONS = 100

/** Most partitions that one load is planned for, a hundred statements. */
export const MAX_STAGED_PARTITIONS = 10_000

/** The fields that follow their column's order; buckets do not. */
export function orderedFields(fields: readonly PartitionField[]): readonly PartitionField[] {
  return fields.filter(({ transform }) => transform !== 'bucket')
}

const SIZED = /^(bucket|truncate)\(\s*(\d{1,9})\s*,\s*(.+?)\s*\)$/s
const UNSIZED = /^(year|month|day|hour)\(\s*(.+?)\s*\)$/s

/**
 * Reads a partition field as Athena spells it: `day(created_at)`, `bucket(16, id)`, `truncate(4, code)`, or a column's
 * name alone. A name in double quotes is that of a JSON text.
 */
export const partitionFieldSchema = z.string().transform((text, context): PartitionField => {
  const [, sized, size = '', sizedColumn = ''] = SIZED.exec(text) ?? []
  const [, unsized, unsizedColumn = ''] = UNSIZED.exec(text) ?? []
  const column = nameOf((sized && sizedColumn) || (unsized && unsizedColumn) || text.trim())
  const isCall = /^[a-z]+\(/i.test(text) && !sized && !unsized
  if (column === undefined || column === '' || isCall || (sized && Number(size) === 0)) {
    const message = `"${text}" is no partition; expected a column, year(column), month(column), day(column), hour(column), bucket(n, column) or truncate(n, column) with n ≥ 1`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  if (sized === 'bucket' || sized === 'truncate') return { transform: sized, size: Number(size), column }
  return { transform: isUnsized(unsized) ? unsized : 'identity', column }
})

function isUnsized(word: string | undefined): word is 'year' | 'month' | 'day' | 'hour' {
  return word !== undefined
}

function nameOf(word: string): string | undefined {
  if (!word.startsWith('"')) return word
  try {
    const name: unknown = JSON.parse(word)
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

/** The field as a model file spells it; `spelled` says how its column is written. */
export function formatPartitionField(
  { transform, size, column }: PartitionField,
  spelled = (name: string): string => name,
): string {
  if (transform === 'identity') return spelled(column)
  return `${transform}(${size === undefined ? '' : `${size}, `}${spelled(column)})`
}

/** How many partitions the buckets alone make of the rows that are otherwise in one. */
export function bucketCount(fields: readonly PartitionField[]): number {
  return fields.reduce(
    (count, field) => (field.transform === 'bucket' ? count * (field.size ?? 1) : count),
    1,
  )
}

interface PartitionedColumn {
  readonly name: string
  readonly tableName: string
  readonly type: ColumnType
}

/** What Iceberg, or the limit of partitions a statement, has against partitions; `at` is the field's place. Columns that are not there are not its matter. */
export function partitionProblems(
  fields: readonly PartitionField[],
  columns: readonly PartitionedColumn[],
): readonly { readonly at: number; readonly message: string }[] {
  const problems = fields.flatMap((field, at) => {
    const column = columns.find(({ name }) => name === field.column)
    const message = column && problemOf(field, column, { columns, before: fields.slice(0, at) })
    return message === undefined ? [] : [{ at, message }]
  })
  if (problems.length > 0 || bucketCount(fields) <= MAX_PARTITIONS) return problems
  const message = `makes ${bucketCount(fields)} buckets, and every load writes to nearly all of them; Athena writes to ${MAX_PARTITIONS} partitions a statement, so take ${MAX_PARTITIONS} or fewer`
  return [{ at: fields.findIndex(({ transform }) => transform === 'bucket'), message }]
}

function problemOf(
  field: PartitionField,
  column: PartitionedColumn,
  others: { readonly columns: readonly PartitionedColumn[]; readonly before: readonly PartitionField[] },
): string | undefined {
  const { transform } = field
  const kinds: readonly string[] = TRANSFORMS[transform]
  if (!kinds.includes(column.type.kind))
    return `${transform === 'identity' ? 'a partition' : transform} cannot be made of a ${formatColumnType(column.type)}; it takes ${kinds.join(', ')}`
  const rival = others.before.find(one => one.column === field.column && groupOf(one) === groupOf(field))
  if (rival)
    return `${formatPartitionField(field)} beside ${formatPartitionField(rival)} is redundant, which Iceberg refuses`
  const name = partitionName(field, column.tableName)
  const taken =
    transform === 'identity' ? undefined : others.columns.find(({ tableName }) => tableName === name)
  return taken && `Iceberg would name the partition "${name}", which is a column`
}

/** Iceberg takes one of each group a column: all transforms of time are one. */
function groupOf({ transform }: PartitionField): string {
  return ['year', 'month', 'day', 'hour'].includes(transform) ? 'time' : transform
}

/** What Iceberg calls the field in its metadata. */
function partitionName({ transform }: PartitionField, column: string): string {
  if (transform === 'identity') return column
  return `${column}_${transform === 'truncate' ? 'trunc' : transform}`
}
