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
  const seen = new Set<string>()
  let at = expectCharacter(line, skipSpace(line, 0), '{')
  if (line[skipSpace(line, at)] === '}') return endOfLine(line, skipSpace(line, at) + 1, cells)
  for (;;) {
    const keyStart = skipSpace(line, at)
    const keyEnd = endOfString(line, keyStart)
    const key = parseString(line.slice(keyStart, keyEnd))
    if (seen.has(key)) throw new SyntaxError(`key "${key}" occurs twice`)
    seen.add(key)
    const valueStart = skipSpace(line, expectCharacter(line, skipSpace(line, keyEnd), ':'))
    const valueEnd = endOfValue(line, valueStart)
    const cell = toCell(line.slice(valueStart, valueEnd))
    if (cell) cells.set(key, cell)
    at = skipSpace(line, valueEnd)
    if (line[at] === '}') return endOfLine(line, at + 1, cells)
    at = expectCharacter(line, at, ',')
  }
}

function endOfLine<Result>(line: string, at: number, result: Result): Result {
  const end = skipSpace(line, at)
  if (end !== line.length) throw new SyntaxError(`unexpected ${JSON.stringify(line[end])} after the object`)
  return result
}

function expectCharacter(line: string, at: number, expected: string): number {
  if (line[at] === expected) return at + 1
  const found = at < line.length ? JSON.stringify(line[at]) : 'the end'
  throw new SyntaxError(`expected "${expected}" at character ${at + 1}, found ${found}`)
}

function skipSpace(line: string, from: number): number {
  let at = from
  while (at < line.length && ' \t\r\n'.includes(line[at] ?? '')) at++
  return at
}

function endOfString(line: string, start: number): number {
  let at = expectCharacter(line, start, '"')
  while (at < line.length) {
    if (line[at] === '\\') at += 2
    else if (line[at++] === '"') return at
  }
  throw new SyntaxError('a string without its end')
}

/** End of a value: of a string by its quote, of brackets by depth, of the rest by the next delimiter. */
function endOfValue(line: string, start: number): number {
  const first = line[start]
  if (first === '"') return endOfString(line, start)
  let depth = 0
  let at = start
  while (at < line.length) {
    const character = line[at] ?? ''
    if (character === '"') {
      at = endOfString(line, at)
      continue
    }
    if (depth === 0 && ',}] \t\r\n'.includes(character)) return at
    if (character === '{' || character === '[') depth++
    if (character === '}' || character === ']') depth--
    at++
    if (depth === 0 && (character === '}' || character === ']')) return at
  }
  return at
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
