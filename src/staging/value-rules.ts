import { type ColumnType, isNested, type NestedType, type ScalarType } from '../domain/column-type.ts'
import { type CellOutcome, type CellProblem, readCell } from './cell-rules.ts'
import { type Cell, readJsonList, readJsonObject } from './json-line.ts'

/**
 * Reads a cell as a column's type, nested ones included. The canonical text of a nested value is JSON: lists and objects
 * with the canonical texts of the scalars as strings, members under the names that the tables give them.
 *
 * Exact or refused, like each scalar in it: a member that the type does not name, an entry whose key occurred before, and
 * text that is no JSON are refused. `null` is NULL wherever it stands, and a member that is not there is NULL.
 */
export function readValue(type: ColumnType, cell: Cell): CellOutcome {
  if (!isNested(type)) return readCell(type, cell)
  if (cell.kind === 'number' || cell.kind === 'boolean')
    return { reason: `is a JSON ${cell.kind}, not a ${type.kind}` }
  try {
    return readNested(type, cell.text)
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    return { reason: `is not a JSON ${type.kind === 'list' ? 'list' : 'object'}: ${thrown.message}` }
  }
}

function readNested(type: NestedType, text: string): CellOutcome {
  switch (type.kind) {
    case 'list':
      return readList(type.element, text)
    case 'map':
      return readMap(type, text)
    case 'struct':
      return readStruct(type, text)
  }
}

function readList(element: ColumnType, text: string): CellOutcome {
  const texts: string[] = []
  for (const [index, cell] of readJsonList(text).entries()) {
    const outcome = readPart(element, cell, `[${index}]`)
    if ('reason' in outcome) return outcome
    texts.push(outcome.text)
  }
  return { text: `[${texts.join(',')}]` }
}

function readMap(type: Extract<NestedType, { kind: 'map' }>, text: string): CellOutcome {
  const entries = new Map<string, string>()
  for (const [spelling, cell] of entriesOf(text)) {
    const step = `[${JSON.stringify(spelling?.text ?? null)}]`
    if (!spelling) return atPart(step, 'null', { reason: 'is NULL as a key' })
    const key = readPart(type.key, spelling, step)
    if ('reason' in key) return { ...key, reason: `as a key ${key.reason}` }
    if (entries.has(key.text)) return atPart(step, spelling.text, { reason: 'is a key that occurred before' })
    const value = readPart(type.value, cell, step)
    if ('reason' in value) return value
    entries.set(key.text, value.text)
  }
  return { text: toObject(entries) }
}

type Entry = readonly [key: Cell | undefined, value: Cell | undefined]

/** A map is an object, or a list of objects with `key` and `value`, as sources write it whose keys are not texts. */
function entriesOf(text: string): readonly Entry[] {
  if (!text.trimStart().startsWith('['))
    return [...readJsonObject(text)].map(([key, cell]) => [{ kind: 'string', text: key }, cell])
  return readJsonList(text).map(entry => {
    const members = readJsonObject(entry?.kind === 'json' ? entry.text : '')
    if (members.size !== 2 || !members.has('key') || !members.has('value'))
      throw new SyntaxError('an entry has not just the members "key" and "value"')
    return [members.get('key'), members.get('value')]
  })
}

function readStruct({ members }: Extract<NestedType, { kind: 'struct' }>, text: string): CellOutcome {
  const cells = readJsonObject(text)
  const unknown = [...cells.keys()].find(name => !members.some(member => member.name === name))
  if (unknown !== undefined)
    return atPart(memberStep(unknown), cells.get(unknown)?.text ?? 'null', {
      reason: 'is a member that the model does not declare',
    })
  const values = new Map<string, string>()
  for (const { name, tableName, type } of members) {
    const outcome = readPart(type, cells.get(name), memberStep(name))
    if ('reason' in outcome) return outcome
    values.set(JSON.stringify(tableName), outcome.text)
  }
  return { text: toObject(values) }
}

/** A part as JSON. */
function readPart(type: ColumnType, cell: Cell | undefined, step: string): CellOutcome {
  if (!cell) return { text: 'null' }
  const outcome = readValue(type, cell)
  if ('reason' in outcome) return atPart(step, cell.text, outcome)
  return isNested(type) ? outcome : { text: JSON.stringify(partText(type, outcome.text)) }
}

function atPart(step: string, text: string, problem: CellProblem): CellProblem {
  const inner = problem.part
  return { ...problem, part: { path: `${step}${inner?.path ?? ''}`, text: inner?.text ?? text } }
}

function memberStep(name: string): string {
  return /^[\p{L}\p{N}_]+$/u.test(name) ? `.${name}` : `.${JSON.stringify(name)}`
}

/** An object of keys and values that are JSON already; JavaScript's own objects would sort keys that look like numbers. */
function toObject(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([key, value]) => `${key}:${value}`).join(',')}}`
}

/** Microseconds of a timestamp within a nested value as SQL spells it; other texts as they are. */
function partText(type: ScalarType, text: string): string {
  if (type.kind !== 'timestamp') return text
  const micros = BigInt(text)
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = (micros - fraction) / 1_000_000n
  const moment = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ')
  return `${moment}.${String(fraction).padStart(6, '0')}`
}
