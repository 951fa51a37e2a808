import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonMembers } from '../../../src/sources/singer/json-members.ts'

it('finds every member of any object, however it is spaced', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), {
        maxKeys: 6,
        noNullPrototype: true,
      }),
      fc.constantFrom('', ' ', '\t', '\n  '),
      (object, space) => {
        const members = jsonMembers(`${space}${JSON.stringify(object, null, space)}${space}`)

        expect([...members].map(([name, text]) => [name, JSON.parse(text)])).toEqual(
          Object.entries(JSON.parse(JSON.stringify(object))),
        )
      },
    ),
    { numRuns: 200 },
  )
})

it('keeps how values are spelled', () => {
  const text = '{ "a" : 12345678901234567890.10 , "b\\"}": [1.0, {"x": "\\\\"}] ,"c":-0,"d":"\\u0041"}'

  expect([...jsonMembers(text)]).toEqual([
    ['a', '12345678901234567890.10'],
    ['b"}', '[1.0, {"x": "\\\\"}]'],
    ['c', '-0'],
    ['d', '"\\u0041"'],
  ])
})
