import { DuckDBListType, DuckDBMapType, DuckDBStructType, type DuckDBType } from '@duckdb/node-api'
import { type ColumnType, formatColumnType, isNested, type NestedType } from '../domain/column-type.ts'
import { TransferError } from '../domain/errors.ts'
import { memberOf, overEntries, overList, overStruct } from './nested-sql.ts'

/** A value of a Parquet file: its type there and in the model. */
export interface ParquetValue {
  readonly physical: DuckDBType
  readonly declared: ColumnType
  /** Place in the row, as messages name it: `items[].price`. */
  readonly path: string
  /** The file. */
  readonly origin: string
}

/**
 * SQL that makes a value of a Parquet file what NDJSON would have: texts, in lists and objects where the model is nested.
 * Maps are lists of entries, in which a key may occur twice.
 *
 * @throws {TransferError} `SOURCE_UNREADABLE` where the file's type cannot be the model's, with the place.
 */
export function parquetText(sql: string, value: ParquetValue): string {
  const { declared } = value
  return isNested(declared)
    ? `to_json(${nestedText(sql, { ...value, declared }, 0)})`
    : scalarText(sql, value)
}

function partText(sql: string, value: ParquetValue, level: number): string {
  const { declared } = value
  return isNested(declared) ? nestedText(sql, { ...value, declared }, level) : scalarText(sql, value)
}

function nestedText(
  sql: string,
  value: ParquetValue & { readonly declared: NestedType },
  level: number,
): string {
  const { physical, declared, path } = value
  const part = (own: Pick<ParquetValue, 'physical' | 'declared' | 'path'>) => (inner: string) =>
    partText(inner, { ...value, ...own }, level + 1)
  if (declared.kind === 'list' && physical instanceof DuckDBListType) {
    const element = { physical: physical.valueType, declared: declared.element, path: `${path}[]` }
    return overList(sql, level, part(element))
  }
  if (declared.kind === 'map' && physical instanceof DuckDBMapType) {
    const key = part({ physical: physical.keyType, declared: declared.key, path: `${path}[key]` })
    const inner = part({ physical: physical.valueType, declared: declared.value, path: `${path}[]` })
    return overEntries(sql, level, { key, value: inner })
  }
  if (declared.kind === 'struct' && physical instanceof DuckDBStructType)
    return structText(sql, value, { declared, physical }, part)
  throw otherType(value)
}

/** Every member of the file's struct is kept: one that the model does not declare is left for the exact reader to refuse. */
function structText(
  sql: string,
  { path }: ParquetValue,
  types: { readonly declared: Extract<NestedType, { kind: 'struct' }>; readonly physical: DuckDBStructType },
  part: (own: Pick<ParquetValue, 'physical' | 'declared' | 'path'>) => (inner: string) => string,
): string {
  const members = types.physical.entryNames.map((name, index): readonly [string, string] => {
    const declared = types.declared.members.find(member => member.name === name)?.type
    const physical = types.physical.entryTypes[index]
    const inner = memberOf(sql, name)
    const isKnown = declared && physical
    return [
      name,
      isKnown ? part({ declared, physical, path: `${path}.${name}` })(inner) : `to_json(${inner})`,
    ]
  })
  return overStruct(sql, members)
}

/** DuckDB types of a Parquet column that a text takes as they are. */
const TEXT_TYPES = /^(VARCHAR|JSON|UUID|ENUM)/

function scalarText(sql: string, value: ParquetValue): string {
  const { kind } = value.declared
  const type = String(value.physical)
  const isText = TEXT_TYPES.test(type)
  if ((type === 'BLOB') !== (kind === 'bytes') && !isText) throw otherType(value)
  if (type === 'BLOB') return `to_base64(${sql})`
  if (kind === 'json' && !isText) return `CAST(to_json(${sql}) AS VARCHAR)`
  if (kind === 'string' && !isText) throw otherType(value)
  // A narrow number is exactly a wide one, which its own shortest text need not be.
  if (kind === 'double' && type === 'FLOAT') return `CAST(CAST(${sql} AS DOUBLE) AS VARCHAR)`
  return `CAST(${sql} AS VARCHAR)`
}

function otherType({ physical, declared, path, origin }: ParquetValue): TransferError {
  return new TransferError(
    'SOURCE_UNREADABLE',
    `${origin}: "${path}" is ${String(physical)} in the file and ${formatColumnType(declared)} in the model`,
  )
}
