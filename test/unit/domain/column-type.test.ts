import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatColumnType, stagingTypeOf, targetTypeOf } from '../../../src/domain/column-type.ts'
import { columnTypeSchema, MAX_TYPE_DEPTH } from '../../../src/domain/column-type-schema.ts'
import { modelSchema } from '../../../src/domain/model.ts'

function problemOf(text: string): string | undefined {
  return columnTypeSchema.safeParse(text).error?.issues[0]?.message
}

const { type: anyType } = fc.letrec<{ type: string }>(tie => ({
  type: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom('boolean', 'integer', 'json', 'bytes', 'timestamp', 'decimal(38,9)'),
    tie('type').map(element => `list<${element}>`),
    fc.tuple(fc.constantFrom('string', 'date', 'timestamp'), tie('type')).map(([k, v]) => `map<${k}, ${v}>`),
    fc
      .uniqueArray(fc.constantFrom('sku', '"unit price"', '2024', '"a<b>"', '"say \\"x\\""'), {
        minLength: 1,
      })
      .chain(names => fc.tuple(...names.map(name => tie('type').map(type => `${name}: ${type}`))))
      .map(members => `struct<${members.join(', ')}>`),
  ),
}))

it('reads back every nested type that it prints', () => {
  fc.assert(fc.property(anyType, text => formatColumnType(columnTypeSchema.parse(text)) === text))
})

it('takes other spellings, spaces and letter cases of a nested type', () => {
  const type = columnTypeSchema.parse(' ARRAY < Struct<Name :text,at:timestamp> > ')

  expect(formatColumnType(type)).toBe('list<struct<Name: string, at: timestamp>>')
})

it('stages timestamps as microseconds, within nested values as text', () => {
  const type = columnTypeSchema.parse(
    'map<timestamp, list<struct<"Unit Price": decimal(10,2), at: timestamp>>>',
  )

  expect(targetTypeOf(type)).toBe('map<timestamp,array<struct<unit_price:decimal(10,2),at:timestamp>>>')
  expect(stagingTypeOf(type)).toBe('map<string,array<struct<unit_price:decimal(10,2),at:string>>>')
  expect(stagingTypeOf({ kind: 'timestamp' })).toBe('bigint')
})

it.each([
  ['map<double, string>', 'a map key cannot be of type double'],
  ['map<list<string>, string>', 'a map key cannot be of type list<string>'],
  ['struct<Id: bigint, id: string>', 'struct members "Id" and "id" are one name in Athena'],
  ['struct<"": string>', 'a struct member has no name'],
  ['struct<>', 'expected the name of a struct member, found ">"'],
  ['list<string', 'expected ">", found the end in column type "list<string"'],
  ['list<string>>', 'expected the end, found ">" in column type "list<string>>"'],
  ['list', 'expected "<", found the end in column type "list"'],
  ['map<string>', 'expected ",", found ">" in column type "map<string>"'],
  [
    `${'list<'.repeat(MAX_TYPE_DEPTH)}string${'>'.repeat(MAX_TYPE_DEPTH)}`,
    `has more than ${MAX_TYPE_DEPTH} types inside each other`,
  ],
])('refuses %s', (text, problem) => {
  expect(problemOf(text)).toBe(problem)
})

it('takes no nested column as key or cursor', () => {
  const columns = [{ name: 'tags', type: 'list<string>' }]
  const model = {
    name: 'm',
    source: 's',
    files: { path: 'x' },
    primaryKey: ['tags'],
    cursor: 'tags',
    columns,
  }

  expect(modelSchema.safeParse(model).error?.issues.map(issue => issue.message)).toEqual([
    'a primary key cannot be of type list<string>',
    'a cursor cannot be of type list<string>; use timestamp, date, integer or bigint',
  ])
})

it.each([
  ['timestmap', 'timestamp'],
  ['list<strng>', 'string'],
  ['map<string, list<booleans>>', 'boolean'],
  ['Decimla(10,2)', 'decimal'],
  ['varchr', 'varchar'],
  ['arry<date>', 'array'],
  ['strct<a: date>', 'struct'],
])('suggests what is meant by %s', (text, meant) => {
  expect(problemOf(text)).toContain(`did you mean "${meant}"?`)
})

it.each(['geography', 'x', ''])('suggests nothing for "%s", which is like no type', text => {
  expect(problemOf(text)).toMatch(/^unknown column type/)
  expect(problemOf(text)).not.toContain('did you mean')
})
