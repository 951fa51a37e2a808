import fc from 'fast-check'
import { expect, it } from 'vitest'
import { columnTypeOf } from '../../../src/sources/singer/column-types.ts'
import { rowOf } from '../../../src/sources/singer/record-row.ts'
import { createRecordValidator } from '../../../src/sources/singer/record-validator.ts'
import { modelOf, withSchema } from '../../../src/sources/singer/stream-shape.ts'
import { readJsonLine } from '../../../src/staging/json-line.ts'
import { readValue } from '../../../src/staging/value-rules.ts'

const PLACE = { file: 'input', line: 1 }

it.each([
  [{ type: 'integer' }, 'bigint'],
  [{ type: ['null', 'integer'] }, 'bigint'],
  [{ type: 'integer', maximum: 2 ** 64 }, 'decimal(38,0)'],
  [{ type: 'integer', minimum: -(2 ** 63), maximum: 2 ** 63 }, 'bigint'],
  [{ type: 'number' }, 'double'],
  [{ type: ['integer', 'number'] }, 'double'],
  [{ type: 'number', multipleOf: 0.01 }, 'decimal(38,2)'],
  [{ type: 'number', multipleOf: 0.05 }, 'decimal(38,2)'],
  [{ type: 'number', multipleOf: 1e-9 }, 'decimal(38,9)'],
  [{ type: 'number', multipleOf: 1 }, 'decimal(38,0)'],
  [{ type: 'number', multipleOf: 1e-38 }, 'double'],
  [{ type: 'boolean' }, 'boolean'],
  [{ type: 'string' }, 'string'],
  [{ type: 'string', format: 'email' }, 'string'],
  [{ type: ['null', 'string'], format: 'date-time' }, 'timestamp'],
  [{ type: 'string', format: 'date' }, 'date'],
  [{ type: 'string', format: 'time' }, 'time'],
  [{ type: 'string', format: 'uuid' }, 'uuid'],
  [{ anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] }, 'timestamp'],
  [{ anyOf: [{ type: 'string', format: 'date-time' }, { type: ['string', 'null'] }] }, 'string'],
  [{ oneOf: [{ type: 'integer' }, { type: 'string' }] }, 'json'],
  [{ type: ['string', 'boolean'] }, 'json'],
  [{ type: 'object' }, 'json'],
  [{ type: 'array', items: { type: 'integer' } }, 'json'],
  [{}, 'json'],
  [true, 'json'],
  [{ type: 'null' }, undefined],
])('%j is a column of type %s', (schema, type) => {
  expect(columnTypeOf(schema)).toBe(type)
})

/** A schema with values that it allows. */
interface Allowed {
  readonly schema: object
  readonly values: fc.Arbitrary<unknown>
}

const json = fc.jsonValue({ maxDepth: 3 })
const text = fc.string({ unit: 'grapheme' })
const day = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })

const simple: readonly Allowed[] = [
  { schema: { type: 'integer' }, values: fc.maxSafeInteger() },
  { schema: { type: 'number' }, values: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { schema: { type: 'number', multipleOf: 0.01 }, values: fc.integer().map(cents => cents / 100) },
  { schema: { type: 'boolean' }, values: fc.boolean() },
  { schema: { type: 'string' }, values: text },
  { schema: { type: 'string', format: 'date-time' }, values: day.map(date => date.toISOString()) },
  { schema: { type: 'string', format: 'date' }, values: day.map(date => date.toISOString().slice(0, 10)) },
  { schema: { type: 'string', format: 'uuid' }, values: fc.uuid() },
  { schema: { type: 'object' }, values: fc.dictionary(text, json) },
  { schema: { type: 'array' }, values: fc.array(json) },
  { schema: {}, values: json },
]

/** One property: a simple schema, some of them as alternatives, or with null. */
const allowed: fc.Arbitrary<Allowed> = fc
  .tuple(fc.subarray([...simple], { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([parts, isNullable]) => {
    const schemas = [...parts.map(({ schema }) => schema), ...(isNullable ? [{ type: 'null' }] : [])]
    const values = fc.oneof(...parts.map(part => part.values), ...(isNullable ? [fc.constant(null)] : []))
    return { schema: schemas.length === 1 ? (schemas[0] ?? {}) : { anyOf: schemas }, values }
  })

it('a value that the schema allows fits the type of its column, and JSON says the same afterwards', {
  timeout: 30_000,
}, () => {
  const cases = allowed.chain(({ schema, values }) => values.map(value => ({ schema, value })))
  fc.assert(
    fc.property(
      cases,
      fc.stringMatching(/^[A-Za-z][a-z :!]{0,9}$/).filter(name => name.toLowerCase() !== 'key'),
      ({ schema, value }, name) => {
        const message = {
          type: 'SCHEMA' as const,
          stream: 'numbers',
          key_properties: ['key'],
          schema: { properties: { key: { type: 'integer' }, [name]: schema } },
        }
        const shape = withSchema(undefined, message, PLACE)
        const model = modelOf(shape, false, PLACE)
        const record = { key: 1, [name]: value }
        createRecordValidator('numbers', message.schema, PLACE)(record, PLACE)
        const row = rowOf(
          { model, keyProperties: ['key'] },
          { text: JSON.stringify(record), version: undefined, place: PLACE },
          () => undefined,
        )

        const cell = readJsonLine(row.trimEnd()).get(name)
        const type = model.columns.find(column => column.name === name)?.type
        if (!cell || !type) expect(value).toBeNull()
        else {
          const outcome = readValue(type, cell)
          expect(outcome).toHaveProperty('text')
          if (type.kind === 'json' && 'text' in outcome)
            expect(JSON.parse(outcome.text)).toEqual(JSON.parse(JSON.stringify(value)))
        }
      },
    ),
    { numRuns: 150 },
  )
})

it('the type does not depend on the order of alternatives, nor on null among them', () => {
  fc.assert(
    fc.property(fc.subarray([...simple], { minLength: 1 }), parts => {
      const schemas = parts.map(({ schema }) => schema)
      const type = columnTypeOf({ anyOf: schemas })

      expect(columnTypeOf({ oneOf: schemas.toReversed() })).toBe(type)
      expect(columnTypeOf({ anyOf: [{ type: 'null' }, ...schemas] })).toBe(type)
    }),
  )
})
