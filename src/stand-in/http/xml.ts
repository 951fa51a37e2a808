/** A text element; characters that XML gives a meaning, or cannot hold, are escaped. */
export function leaf(name: string, value: string | number | boolean): string {
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

/** As `leaf`, or nothing at all for an absent value. */
export function optionalLeaf(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : leaf(name, value)
}

/** An element around finished XML. */
export function element(name: string, content: readonly string[], namespace?: string): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`
  return `<${name}${attribute}>${content.join('')}</${name}>`
}

/** A whole document. */
export function document(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`
}

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"]|(?![\n\t])\p{Cc}/gu, character => {
    const named = NAMED.get(character)
    return named ?? `&#x${character.charCodeAt(0).toString(16)};`
  })
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
])

/** A parsed element: its name without prefix, its own text, its children in order. */
export interface XmlElement {
  readonly name: string
  readonly text: string
  readonly children: readonly XmlElement[]
}

/**
 * Parses the small documents that S3 clients send: elements, text, entities, CDATA; comments are skipped.
 * @throws {SyntaxError} on anything else: document types, unclosed or crossed elements.
 */
export function parseXml(source: string): XmlElement {
  const tokens = source.matchAll(
    /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<([^>]*)>|([^<]+)/g,
  )
  const root = { name: '', text: '', children: [] as XmlElement[] }
  const open = [root]
  for (const [whole, cdata, tag, text] of tokens) {
    const current = open.at(-1)
    if (!current) throw new SyntaxError('element closed twice')
    if (cdata !== undefined) current.text += cdata
    else if (text !== undefined) current.text += unescapeXml(text)
    else if (tag !== undefined) applyTag(tag, open)
    else if (whole.startsWith('<!') && !whole.startsWith('<!--'))
      throw new SyntaxError('unexpected declaration')
  }
  const [only] = root.children
  if (open.length !== 1 || root.children.length !== 1 || !only) throw new SyntaxError('not one whole element')
  return only
}

interface OpenElement {
  readonly name: string
  text: string
  readonly children: XmlElement[]
}

function applyTag(tag: string, open: OpenElement[]): void {
  if (tag.startsWith('!')) throw new SyntaxError('document types are refused')
  const name = localName(tag)
  if (tag.startsWith('/')) {
    if (open.pop()?.name !== name || open.length === 0) throw new SyntaxError(`unexpected </${name}>`)
    return
  }
  const made: OpenElement = { name, text: '', children: [] }
  open.at(-1)?.children.push(made)
  if (!tag.endsWith('/')) open.push(made)
}

function localName(tag: string): string {
  const name = /^\/?([^\s/]+)/.exec(tag)?.[1] ?? ''
  return name.slice(name.indexOf(':') + 1)
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function unescapeXml(text: string): string {
  return text.replaceAll(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16))
    if (name.startsWith('#')) return String.fromCodePoint(Number.parseInt(name.slice(1), 10))
    return ENTITIES.get(name) ?? whole
  })
}

/** The text of the first child of that name. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return parent.children.find(child => child.name === name)?.text
}

/** All children of that name. */
export function childrenNamed(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.filter(child => child.name === name)
}
