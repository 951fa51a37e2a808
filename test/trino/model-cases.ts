import fc from 'fast-check'
import { type ColumnType, formatColumnType } from '../../src/domain/column-type.ts'
import { type Model, modelSchema } from '../../src/domain/model.ts'

/** One row as DuckDB's literals, in the order of the model's columns as staged. */
type LiteralRow = readonly string[]

/** A model, what it becomes after the first batch, and the rows of its batches. */
export interface ModelCase {
  readonly model: Model
  readonly evolved: Model
  readonly batches: readonly (readonly LiteralRow[])[]
}

const KINDS: readonly ColumnType[] = [
  { kind: 'boolean' },
  { kind: 'integer' },
  { kind: 'bigint' },
  { kind: 'float' },
  { kind: 'double' },
  { kind: 'decimal', precision: 38, scale: 9 },
  { kind: 'decimal', precision: 9, scale: 2 },
  { kind: 'decimal', precision: 20, scale: 0 },
  { kind: 'string' },
  { kind: 'json' },
  { kind: 'bytes' },
  { kind: 'date' },
  { kind: 'timestamp' },
]

const KEY_KINDS: readonly ColumnType[] = [
  { kind: 'integer' },
  { kind: 'bigint' },
  { kind: 'string' },
  { kind: 'date' },
  { kind: 'timestamp' },
  { kind: 'decimal', precision: 20, scale: 0 },
]

/** Microseconds of 0001-01-01 and of the end of 9999. */
const [FIRST_MICROS, LAST_MICROS] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n]

/** Models of one or two keys, with or without a cursor, some columns of any type, and three batches of rows. */
export const modelCase: fc.Arbitrary<ModelCase> = fc
  .record({
    keys: fc.array(fc.constantFrom(...KEY_KINDS), { minLength: 1, maxLength: 2 }),
    hasCursor: fc.boolean(),
    values: fc.array(fc.constantFrom(...KINDS), { maxLength: 6 }),
    added: fc.array(fc.constantFrom(...KINDS), { maxLength: 2 }),
  })
  .chain(shape => {
    const first = columnsOf(shape)
    const all = [...first, ...shape.added.map((type, index) => ({ name: `added_${index}`, type }))]
    const row = fc.tuple(
      ...all.map(({ name, type }) =>
        /^key|cursor/.test(name) ? fewValues(type, name === 'cursor') : anyValue(type),
      ),
    )
    return fc.record({
      model: fc.constant(toModel(first, shape)),
      evolved: fc.constant(toModel(all.map(promoted), shape)),
      batches: fc.array(fc.array(row, { maxLength: 12 }), { minLength: 3, maxLength: 3 }),
    })
  })

/** Values of a third of the types that can are promoted by the second batch, by which their rows fit either type. */
function promoted(column: NamedType): NamedType {
  if (!/^Value [036]$/.test(column.name)) return column
  const { type } = column
  if (type.kind === 'integer') return { ...column, type: { kind: 'bigint' } }
  if (type.kind === 'float') return { ...column, type: { kind: 'double' } }
  if (type.kind === 'decimal') return { ...column, type: { ...type, precision: 38 } }
  return column
}

interface Shape {
  readonly keys: readonly ColumnType[]
  readonly hasCursor: boolean
  readonly values: readonly ColumnType[]
}

interface NamedType {
  readonly name: string
  readonly type: ColumnType
}

function columnsOf({ keys, hasCursor, values }: Shape): readonly NamedType[] {
  return [
    ...keys.map((type, index) => ({ name: `key_${index}`, type })),
    ...(hasCursor ? [{ name: 'cursor', type: { kind: 'timestamp' } } as const] : []),
    ...values.map((type, index) => ({ name: `Value ${index}`, type })),
  ]
}

function toModel(columns: readonly NamedType[], { keys, hasCursor }: Shape): Model {
  return modelSchema.parse({
    name: 'generated',
    source: 'files',
    files: { path: '*.ndjson' },
    primaryKey: keys.map((_, index) => `key_${index}`),
    ...(hasCursor && { cursor: 'cursor' }),
    columns: columns.map(({ name, type }) => ({ name, type: formatColumnType(type) })),
  })
}

/** Few values, so that keys meet again and cursors are equal. */
function fewValues(type: ColumnType, nullable: boolean): fc.Arbitrary<string> {
  const number = fc.integer({ min: -3, max: 5 })
  const literal = number.map(value => {
    if (type.kind === 'string')
      return quote(['', 'a', 'A', 'ä', "it's", '𝄞', 'a ', ' a', '\u0000'.repeat(0)][value + 3] ?? 'z')
    if (type.kind === 'date') return `DATE '1970-01-01' + ${value * 100_000}`
    return `${value}`
  })
  return nullable
    ? fc.oneof({ weight: 5, arbitrary: literal }, { weight: 1, arbitrary: fc.constant('NULL') })
    : literal
}

function anyValue(type: ColumnType): fc.Arbitrary<string> {
  return fc.oneof({ weight: 6, arbitrary: someValue(type) }, { weight: 1, arbitrary: fc.constant('NULL') })
}

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
        .map(digits => `'${digits}e-${type.scale}'`)
        .map(text => decimalText(text, type.scale))
    case 'json':
      return fc.json({ maxDepth: 2 }).map(quote)
    case 'bytes':
      return fc.uint8Array({ maxLength: 12 }).map(bytes => `unhex('${Buffer.from(bytes).toString('hex')}')`)
    case 'date':
      return fc.integer({ min: -719_162, max: 2_932_896 }).map(days => `DATE '1970-01-01' + (${days})`)
    case 'timestamp':
      return fc.bigInt({ min: FIRST_MICROS, max: LAST_MICROS }).map(String)
    default:
      return fc.string({ unit: 'grapheme', maxLength: 20 }).map(quote)
  }
}

function number(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value)
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

function decimalText(text: string, scale: number): string {
  const [, sign = '', digits = ''] = /^'(-?)(\d+)e/.exec(text) ?? []
  const padded = digits.padStart(scale + 1, '0')
  const at = padded.length - scale
  return `'${sign}${padded.slice(0, at)}${scale > 0 ? `.${padded.slice(at)}` : ''}'`
}

function quote(text: string): string {
  return `'${text.replaceAll('\u0000', '').replaceAll("'", "''")}'`
}
