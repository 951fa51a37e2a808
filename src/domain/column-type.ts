import { z } from 'zod'

/**
 * The type of a model's column. `kind` names match facts.md's type table; every switch over them is exhaustive.
 * `json`, `uuid` and `time` are text in the tables, but each is validated as what it says.
 */
export type ColumnType =
  | { readonly kind: Exclude<ScalarKind, 'decimal'> }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }

const SCALAR_KINDS = [
  'boolean',
  'integer',
  'bigint',
  'float',
  'double',
  'decimal',
  'string',
  'json',
  'uuid',
  'time',
  'bytes',
  'date',
  'timestamp',
] as const

type ScalarKind = (typeof SCALAR_KINDS)[number]

/** Precision and scale of a `decimal` that names none: 29 digits before the point, 9 after it (facts.md, Types). */
const DEFAULT_DECIMAL = { precision: 38, scale: 9 }

/** Most digits a decimal has in Athena and Iceberg. */
const MAX_DECIMAL_PRECISION = 38

/** Other spellings that model files may use, by the name they stand for. */
const ALIASES: Readonly<Record<string, ScalarKind>> = {
  int: 'integer',
  long: 'bigint',
  varchar: 'string',
  text: 'string',
  binary: 'bytes',
  numeric: 'decimal',
  bool: 'boolean',
}

/**
 * Reads a column type from a model file: a name of the type table, `decimal(p)` or `decimal(p,s)`.
 * Unsigned 64-bit sources are declared `decimal(20,0)`.
 */
export const columnTypeSchema = z.string().transform((text, context): ColumnType => {
  const parsed = parseColumnType(text)
  if (parsed) return parsed
  context.addIssue({
    code: 'custom',
    message: `unknown column type "${text}"; expected one of ${SCALAR_KINDS.join(', ')}, or decimal(p,s) with p ≤ 38 and s ≤ p`,
  })
  return z.NEVER
})

function parseColumnType(text: string): ColumnType | undefined {
  const match = /^\s*([a-z]+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/i.exec(text)
  const name = match?.[1]?.toLowerCase()
  if (!match || !name) return undefined
  const kind = ALIASES[name] ?? SCALAR_KINDS.find(candidate => candidate === name)
  if (!kind) return undefined
  if (kind === 'decimal') return parseDecimal(match[2], match[3])
  return match[2] === undefined ? { kind } : undefined
}

function parseDecimal(precisionText?: string, scaleText?: string): ColumnType | undefined {
  if (precisionText === undefined) return { kind: 'decimal', ...DEFAULT_DECIMAL }
  const precision = Number(precisionText)
  const scale = Number(scaleText ?? '0')
  if (precision < 1 || precision > MAX_DECIMAL_PRECISION || scale > precision) return undefined
  return { kind: 'decimal', precision, scale }
}

/** The type as a model file spells it. */
export function formatColumnType(type: ColumnType): string {
  return type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind
}

/** The type of the Iceberg target column, as Athena DDL and Glue spell it. */
export function targetTypeOf(type: ColumnType): string {
  switch (type.kind) {
    case 'integer':
      return 'int'
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'string':
    case 'json':
    case 'uuid':
    case 'time':
      return 'string'
    case 'bytes':
      return 'binary'
    default:
      return type.kind
  }
}

/**
 * The type of the column in the Glue staging table. It differs from the target's for timestamps only: Hive tables cut
 * them to milliseconds, so they are staged as microseconds since the epoch (facts.md, T).
 */
export function stagingTypeOf(type: ColumnType): string {
  return type.kind === 'timestamp' ? 'bigint' : targetTypeOf(type)
}
