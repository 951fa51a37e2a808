import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSortedKeys } from '../../../src/stand-in/s3/sorted-keys.ts'

describe('sorted keys', () => {
  it('are in the order of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), keys => {
        const sorted = createSortedKeys()
        for (const key of keys) sorted.add(key)
        const expected = [...new Set(keys)].sort((left, right) =>
          Buffer.compare(Buffer.from(left), Buffer.from(right)),
        )
        expect([...sorted.from('', 'inclusive')]).toEqual(expected)
      }),
    )
  })

  it('can be read from a key on, with it or after it', () => {
    const sorted = createSortedKeys()
    for (const key of ['c', 'a', 'b', 'a']) sorted.add(key)
    sorted.remove('a')
    sorted.remove('x')

    expect([...sorted.from('b', 'inclusive')]).toEqual(['b', 'c'])
    expect([...sorted.from('b', 'after')]).toEqual(['c'])
    expect([...sorted.from('bb', 'after')]).toEqual(['c'])
    expect(sorted.size).toBe(2)
  })
})
