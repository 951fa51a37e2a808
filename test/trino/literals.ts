import fc from 'fast-check'
import { type ColumnType, isNested, type NestedType, stagingTypeOf } from '../../src/domain/column-type.ts'

/** Microseconds of 0001-01-01 and of the end of 9999. */
const [FIRST_MICROS, LAST_MICROS] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n]

/** Few values of a type that can be a key or a cursor, so that keys meet again and cursors are equal; as DuckDB's literals. */
export function fewValues(type: ColumnType): fc.Arbitrary<string> {
  return fc.integer({ min: -3, max: 5 }).map(value => {
    if (type.kind === 'string') return quote(TEXTS[value + 3] ?? 'z')
    if (type.kind === 'date') return `DATE '1970-01-01' + (${value * 100_000})`
    return `${value}`
  })
}

const TEXTS = ['', 'a', 'A', 'ä', "it's", '𝄞', 'a ', ' a']

/** Any value of a type, or NULL. */
export function anyValue(type: ColumnType): fc.Arbitrary<string> {
  return fc.oneof({ weight: 6, arbitrary: someValue(type) }, { weight: 1, arbitrary: fc.constant('NULL') })
}

/** What tells a row deleted, or not: NULL mostly, for booleans false as well. */
export function deletion(type: ColumnType): fc.Arbitrary<string> {
  return type.kind === 'boolean'
    ? fc.constantFrom('NULL', 'false', 'true')
    : fc.oneof({ weight: 2, arbitrary: fc.constant('NULL') }, { weight: 1, arbitrary: fewValues(type) })
}

/** The DuckDB type of a column as it is staged. */
export function stagedTypeOf(type: ColumnType): string {
  switch (type.kind) {
    case 'list':
      return `${partTypeOf(type.element)}[]`
    case 'map':
      return `MAP(${partTypeOf(type.key)}, ${partTypeOf(type.value)})`
    case 'struct':
      return `STRUCT(${type.members.map(member => `"${member.tableName}" ${partTypeOf(member.type)}`).join(', ')})`
    default: {
      const staged = stagingTypeOf(type)
      return DUCKDB_TYPES[staged] ?? staged
    }
  }
}

/** Timestamps within nested values are staged as text. */
function partTypeOf(type: ColumnType): string {
  return type.kind === 'timestamp' ? 'VARCHAR' : stagedTypeOf(type)
}

const DUCKDB_TYPES: Readonly<Record<string, string>> = { string: 'VARCHAR', binary: 'BLOB', int: 'INTEGER' }

function someValue(type: ColumnType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean().map(String)
    case 'integer':
      return fc
        .oneof(
          fc.maxSafeInteger().map(value => value % 2_147_483_648),
          fc.constantFrom(-2_147_483_648, 2_147_483_647),
        )
        .map(String)
    case 'bigint':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
    case 'float':
      return fc.float().map(value => `'${number(value)}'::FLOAT`)
    case 'double':
      return fc.double().map(value => `'${number(value)}'::DOUBLE`)
    case 'decimal':
      return fc
        .bigInt({ min: -(10n ** BigInt(type.precision)) + 1n, max: 10n ** BigInt(type.precision) - 1n })
        .map(digits => decimalText(digits, type.scale))
    case 'json':
      return fc.json({ maxDepth: 2 }).map(quote)
    case 'bytes':
      return fc.uint8Array({ maxLength: 12 }).map(bytes => `unhex('${Buffer.from(bytes).toString('hex')}')`)
    case 'date':
      return fc.integer({ min: -719_162, max: 2_932_896 }).map(days => `DATE '1970-01-01' + (${days})`)
    case 'timestamp':
      return fc.bigInt({ min: FIRST_MICROS, max: LAST_MICROS }).map(String)
    default:
      return isNested(type) ? nestedValue(type) : fc.string({ unit: 'grapheme', maxLength: 20 }).map(quote)
  }
}

function nestedValue(type: NestedType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'list':
      return fc
        .array(anyPart(type.element), { maxLength: 4 })
        .map(parts => `CAST([${parts.join(', ')}] AS ${stagedTypeOf(type)})`)
    case 'map':
      return fc
        .uniqueArray(fc.tuple(somePart(type.key), anyPart(type.value)), {
          selector: ([key]) => key,
          maxLength: 3,
        })
        .map(
          entries =>
            `CAST(MAP {${entries.map(([key, value]) => `${key}: ${value}`).join(', ')}} AS ${stagedTypeOf(type)})`,
        )
    case 'struct':
      return fc
        .tuple(...type.members.map(member => anyPart(member.type)))
        .map(
          parts =>
            `CAST({${type.members.map(({ tableName }, index) => `'${tableName}': ${parts[index]}`).join(', ')}} AS ${stagedTypeOf(type)})`,
        )
  }
}

function anyPart(type: ColumnType): fc.Arbitrary<string> {
  return fc.oneof({ weight: 4, arbitrary: somePart(type) }, { weight: 1, arbitrary: fc.constant('NULL') })
}

function somePart(type: ColumnType): fc.Arbitrary<string> {
  const value = someValue(type)
  return type.kind === 'timestamp'
    ? value.map(micros => `strftime(make_timestamp(${micros}), '%Y-%m-%d %H:%M:%S.%f')`)
    : value
}

function number(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value)
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

function decimalText(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : ''
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const at = digits.length - scale
  return `'${sign}${digits.slice(0, at)}${scale > 0 ? `.${digits.slice(at)}` : ''}'`
}

function quote(text: string): string {
  return `'${text.replaceAll('\u0000', '').replaceAll("'", "''")}'`
}
