import fc from 'fast-check'
import { expect, it } from 'vitest'
import { quoteDdlIdentifier, quoteDdlString, quoteIdentifier, quoteString } from '../../../src/load/quote.ts'

/** Reads a quoted text back: the inverse by grammar, not by the code under test. */
function unquote(text: string, quote: string): string {
  expect(text.startsWith(quote) && text.endsWith(quote) && text.length >= 2).toBe(true)
  const inner = text.slice(1, -1)
  expect(inner.split(quote + quote).join('')).not.toContain(quote)
  return inner.split(quote + quote).join(quote)
}

/** What texts are made of. */
const texts = fc.string({
  unit: fc.constantFrom('a', '"', "'", '`', '\\', ';', '-', '\n', '\0', 'é', '’', '＇', 'ʼ', '\u2028'),
})

it('quotes strings of DDL so that no text ends them early by Hive’s grammar, which takes a backslash before any character', () => {
  fc.assert(
    fc.property(texts, text => {
      const quoted = quoteDdlString(text)
      expect(quoted).toMatch(/^'(?:[^'\\]|\\[\s\S])*'$/)
      expect(quoted.slice(1, -1).replaceAll(/\\([\s\S])/g, '$1')).toBe(text)
    }),
  )
})

it.each([
  ['identifiers of DML', quoteIdentifier, '"'],
  ['identifiers of DDL', quoteDdlIdentifier, '`'],
  ['strings', quoteString, "'"],
] as const)('quotes %s so that no text ends them early', (_, quote, mark) => {
  fc.assert(
    fc.property(texts, text => {
      expect(unquote(quote(text), mark)).toBe(text)
    }),
  )
})
