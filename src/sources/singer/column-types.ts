import { z } from 'zod'

/** The part of a JSON Schema that decides a column's type. What does not fit it decides nothing. */
const shapeSchema = z.object({
  type: z.union([z.string().transform(type => [type]), z.array(z.string())]).optional(),
  format: z.string().optional(),
  multipleOf: z.number().positive().optional(),
  maximum: z.number().optional(),
  minimum: z.number().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
})

type Shape = z.output<typeof shapeSchema>

/**
 * The column type, as model files spell it, of a property's JSON Schema. Lossless for every value that the schema
 * allows, or refused row by row: alternatives of different types become `string` when all are text, else `json`, which
 * also stands for objects, arrays and schemas that name no type. Undefined for a property that can only be null.
 */
export function columnTypeOf(schema: unknown): string | undefined {
  const types = new Set(typesOf(schema))
  if (types.has('double')) types.delete('bigint')
  const [first, ...others] = types
  if (others.length === 0) return first
  return [...types].every(type => TEXT_TYPES.has(type)) ? 'string' : 'json'
}

/** Formats of strings that have a type of their own. */
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'timestamp',
  date: 'date',
  time: 'time',
  uuid: 'uuid',
}

const TEXT_TYPES: ReadonlySet<string> = new Set(['string', ...Object.values(FORMATS)])

/** The types of all alternatives, null left out. */
function typesOf(schema: unknown): readonly string[] {
  const read = shapeSchema.safeParse(schema)
  if (!read.success) return ['json']
  const { anyOf, oneOf, ...own } = read.data
  const alternatives = anyOf ?? oneOf
  if (alternatives) return alternatives.flatMap(typesOf)
  if (own.type === undefined) return ['json']
  return own.type.filter(type => type !== 'null').map(type => typeOf(type, own))
}

function typeOf(type: string, shape: Shape): string {
  switch (type) {
    case 'boolean':
      return 'boolean'
    case 'integer':
      return isBeyondBigint(shape) ? 'decimal(38,0)' : 'bigint'
    case 'number':
      return decimalOf(shape.multipleOf) ?? 'double'
    case 'string':
      return FORMATS[shape.format ?? ''] ?? 'string'
    default:
      return 'json'
  }
}

/** Of unsigned 64-bit numbers, for instance. The bounds of `bigint` themselves are within, as a double spells them. */
function isBeyondBigint({ maximum = 0, minimum = 0 }: Shape): boolean {
  return maximum > 2 ** 63 || minimum < -(2 ** 63)
}

/** Most digits after the point of a decimal made here, which leaves 20 before it. */
const MAX_SCALE = 18

/** A decimal with as many digits after the point as the step between values has; a finer step stays a double. */
function decimalOf(multipleOf: number | undefined): string | undefined {
  if (multipleOf === undefined) return undefined
  const [digits = '', exponent = '0'] = String(multipleOf).split('e')
  const scale = Math.max(0, (digits.split('.')[1] ?? '').length - Number(exponent))
  return scale > MAX_SCALE ? undefined : `decimal(38,${scale})`
}
