import { endOfString, endOfValue, skipSpace } from '../domain/json-text.ts'

/** A value of one JSON line with its spelling kept: `text` is the string's content, or the source text of the rest. */
export interface Cell {
  readonly kind: 'string' | 'number' | 'boolean' | 'json'
  readonly text: string
}

/**
 * Reads one line of NDJSON, top level only, keeping how numbers and nested values are spelled. `null` is left out.
 *
 * @throws {SyntaxError} for text that is not one JSON object, and for a key that occurs twice.
 */
export function readJsonLine(line: string): ReadonlyMap<string, Cell> {
  const cells = new Map<string, Cell>()
  for (const [key, cell] of readJsonObject(line)) if (cell) cells.set(key, cell)
  return cells
}

/**
 * The members of a JSON object in their order, as `readJsonLine` reads them; `null` is undefined.
 *
 * @throws {SyntaxError} for text that is not one JSON object, and for a key that occurs twice.
 */
export function readJsonObject(text: string): ReadonlyMap<string, Cell | undefined> {
  const cells = new Map<string, Cell | undefined>()
  readItems(text, '{}', start => {
    expectCharacter(text, start, '"')
    const keyEnd = endOfString(text, start)
    const key = parseString(text.slice(start, keyEnd))
    if (cells.has(key)) throw new SyntaxError(`key "${key}" occurs twice`)
    const valueStart = skipSpace(text, expectCharacter(text, skipSpace(text, keyEnd), ':'))
    const valueEnd = endOfValue(text, valueStart)
    cells.set(key, toCell(text.slice(valueStart, valueEnd)))
    return valueEnd
  })
  return cells
}

/**
 * The elements of a JSON list, spelled as in the text; `null` is undefined.
 *
 * @throws {SyntaxError} for text that is not one JSON list.
 */
export function readJsonList(text: string): readonly (Cell | undefined)[] {
  const cells: (Cell | undefined)[] = []
  readItems(text, '[]', start => {
    const end = endOfValue(text, start)
    cells.push(toCell(text.slice(start, end)))
    return end
  })
  return cells
}

/** Reads what stands between two brackets, separated by commas; `readItem` is told where an item begins and tells where it ends. */
function readItems(text: string, brackets: '{}' | '[]', readItem: (start: number) => number): void {
  const [open = '', close = ''] = brackets
  let at = skipSpace(text, expectCharacter(text, skipSpace(text, 0), open))
  if (text[at] !== close) {
    at = skipSpace(text, readItem(at))
    while (text[at] === ',') at = skipSpace(text, readItem(skipSpace(text, at + 1)))
  }
  const end = skipSpace(text, expectCharacter(text, at, close))
  if (end === text.length) return
  const what = open === '{' ? 'object' : 'list'
  throw new SyntaxError(`unexpected ${JSON.stringify(text[end])} after the ${what}`)
}

function expectCharacter(line: string, at: number, expected: string): number {
  if (line[at] === expected) return at + 1
  const found = at < line.length ? JSON.stringify(line[at]) : 'the end'
  throw new SyntaxError(`expected "${expected}" at character ${at + 1}, found ${found}`)
}

function toCell(text: string): Cell | undefined {
  if (text.startsWith('"')) return { kind: 'string', text: parseString(text) }
  const value: unknown = JSON.parse(text)
  if (value === null) return undefined
  if (typeof value === 'number') return { kind: 'number', text }
  return { kind: typeof value === 'boolean' ? 'boolean' : 'json', text }
}

function parseString(text: string): string {
  const value: unknown = JSON.parse(text)
  if (typeof value === 'string') return value
  throw new SyntaxError('expected a string')
}
