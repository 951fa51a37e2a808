import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { childrenNamed, childText, element, leaf, parseXml } from '../../../src/stand-in/http/xml.ts'

describe('XML', () => {
  it('gives back any text that it wrote', () => {
    const text = fc.string({ unit: 'binary' }).filter(value => !value.includes('\u0000'))
    fc.assert(
      fc.property(text, value => {
        expect(childText(parseXml(element('Root', [leaf('Key', value)])), 'Key')).toBe(value)
      }),
    )
  })

  it('reads prefixes, attributes, comments, CDATA and empty elements', () => {
    const source =
      '<?xml version="1.0"?><!-- c --><s3:Delete xmlns:s3="x"><s3:Object a="1"><Key><![CDATA[<a>]]></Key></s3:Object><Quiet/></s3:Delete>'
    const root = parseXml(source)

    expect(root.name).toBe('Delete')
    expect(childrenNamed(root, 'Object').map(object => childText(object, 'Key'))).toEqual(['<a>'])
    expect(childText(root, 'Quiet')).toBe('')
  })

  it.each(['', 'text', '<a>', '<a></b>', '<a/><b/>', '<!DOCTYPE a><a/>', '</a>'])('refuses %j', source => {
    expect(() => parseXml(source)).toThrow(SyntaxError)
  })
})
