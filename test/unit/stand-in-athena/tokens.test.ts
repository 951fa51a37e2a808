import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quoteName, quoteText, tokenize } from '../../../src/stand-in/athena/sql/tokens.ts'

function contents(sql: string): readonly string[] {
  return tokenize(sql).tokens.map(token => token.text)
}

describe('tokenize', () => {
  it('gives back every text that was quoted as a string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(contents(quoteText(text))).toEqual([text, ''])
      }),
    )
  })

  it('gives back every name that was quoted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), name => {
        expect(contents(quoteName(name))).toEqual([name, ''])
      }),
    )
  })

  it('keeps neighbours of quoted texts apart, whatever the texts hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, name) => {
        const sql = `SELECT ${quoteText(text)}, ${quoteName(name)} FROM t`
        expect(contents(sql)).toEqual(['SELECT', text, ',', name, 'FROM', 't', ''])
      }),
    )
  })

  it('covers the whole statement without overlaps, or refuses it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), sql => {
        let end = 0
        try {
          for (const token of tokenize(sql).tokens) {
            expect(token.start).toBeGreaterThanOrEqual(end)
            end = token.end
          }
        } catch (error) {
          expect(String(error)).toContain('SYNTAX_ERROR')
        }
      }),
    )
  })

  it('sees no comment signs inside of texts', () => {
    const { tokens, hasComments } = tokenize(`SELECT '--', "/*", 'a;b'`)

    expect(hasComments).toBe(false)
    expect(tokens).toHaveLength(7)
  })

  it('tells line and column of a token behind comments and line breaks', () => {
    const { tokens, hasComments } = tokenize('-- first\nSELECT /* two\nlines */ x')

    expect(hasComments).toBe(true)
    expect(tokens[1]?.place).toEqual({ line: 3, column: 10 })
  })
})
