import fc from 'fast-check'
import { expect, it } from 'vitest'
import { quoteDdlIdentifier, quoteIdentifier, quoteString } from '../../../src/load/quote.ts'

/** Reads a quoted text back: the inverse by grammar, not by the code under test. */
function unquote(text: string, quote: string): string {
  expect(text.startsWith(quote) && text.endsWith(quote) && text.length >= 2).toBe(true)
  const inner = text.slice(1, -1)
  expect(inner.split(quote + quote).join('')).not.toContain(quote)
  return inner.split(quote + quote).join(quote)
}

it.each([
  ['identifiers of DML', quoteIdentifier, '"'],
  ['identifiers of DDL', quoteDdlIdentifier, '`'],
  ['strings', quoteString, "'"],
] as const)('quotes %s so that no text ends them early', (_, quote, mark) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', "'", '`', '\\', ';', '-', '\n', 'é') }), text => {
      expect(unquote(quote(text), mark)).toBe(text)
    }),
  )
})
