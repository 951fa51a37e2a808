import { z } from 'zod'
import {
  type ColumnType,
  canBeKey,
  formatColumnType,
  SCALAR_KINDS,
  type ScalarKind,
  type StructMember,
  targetTypeOf,
} from './column-type.ts'
import { foldingCollisions, foldName } from './names.ts'
import { similarName } from './similar-name.ts'

/** Precision and scale of a `decimal` that names none: 29 digits before the point, 9 after it (facts.md, Types). */
const DEFAULT_DECIMAL = { precision: 38, scale: 9 }

/** Most digits a decimal has in Athena and Iceberg. */
const MAX_DECIMAL_PRECISION = 38

/** Most types inside each other, the column's own counted; far above what people declare, and proved by a transfer. */
export const MAX_TYPE_DEPTH = 16

/** Longest text of a column's type that Glue keeps, in characters. */
const MAX_GLUE_TYPE_LENGTH = 131_072

/** Other spellings that model files may use, by the name they stand for. */
const ALIASES: Readonly<Record<string, ScalarKind | 'list'>> = {
  int: 'integer',
  long: 'bigint',
  varchar: 'string',
  text: 'string',
  binary: 'bytes',
  numeric: 'decimal',
  bool: 'boolean',
  array: 'list',
}

/** All words that begin a type. */
const TYPE_NAMES = [...SCALAR_KINDS, 'list', 'map', 'struct', ...Object.keys(ALIASES)]

/**
 * Reads a column type from a model file: a name of the type table, `decimal(p)`, `decimal(p,s)`, `list<t>`, `map<k, v>`
 * or `struct<name: t, "other name": t>`. Unsigned 64-bit sources are declared `decimal(20,0)`.
 */
export const columnTypeSchema = z.string().transform((text, context): ColumnType => {
  try {
    return parseColumnType(text)
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
})

function parseColumnType(text: string): ColumnType {
  const words = wordsOf(text)
  const type = takeType(words, 1)
  words.expect(undefined)
  if (targetTypeOf(type).length > MAX_GLUE_TYPE_LENGTH)
    throw new Error(`is longer than the ${MAX_GLUE_TYPE_LENGTH} characters that Glue keeps of a type`)
  return type
}

/** A quoted name, a sign, or a word. */
const WORD = /"(?:[^"\\]|\\.)*"|[<>(),:]|[^\s<>(),:"]+|"/g

interface Words {
  readonly text: string
  peek(): string | undefined
  take(): string | undefined
  /** @throws {Error} when another word comes next; `undefined` is the end. */
  expect(word: string | undefined): void
}

function wordsOf(text: string): Words {
  const words = text.match(WORD) ?? []
  let at = 0
  return {
    text,
    peek: () => words[at],
    take: () => words[at++],
    expect: word => {
      const found = words[at++]
      if (found === word) return
      const shown = (one: string | undefined): string => (one === undefined ? 'the end' : `"${one}"`)
      throw new Error(`expected ${shown(word)}, found ${shown(found)} in column type "${text}"`)
    },
  }
}

function takeType(words: Words, depth: number): ColumnType {
  if (depth > MAX_TYPE_DEPTH) throw new Error(`has more than ${MAX_TYPE_DEPTH} types inside each other`)
  const name = words.take()?.toLowerCase() ?? ''
  switch (ALIASES[name] ?? name) {
    case 'list':
      return between(words, () => ({ kind: 'list', element: takeType(words, depth + 1) }))
    case 'map':
      return between(words, () => takeMap(words, depth + 1))
    case 'struct':
      return between(words, () => ({ kind: 'struct', members: takeMembers(words, depth + 1) }))
    case 'decimal':
      return takeDecimal(words)
    default:
      return takePlain(words, name)
  }
}

function takePlain({ text }: Words, name: string): ColumnType {
  const kind = SCALAR_KINDS.find(candidate => candidate === (ALIASES[name] ?? name))
  if (kind !== undefined && kind !== 'decimal') return { kind }
  const known = [...SCALAR_KINDS, 'list<…>', 'map<…, …>', 'struct<…: …>'].join(', ')
  const similar = similarName(name, TYPE_NAMES)
  const meant = similar === undefined ? '' : ` (did you mean "${similar}"?)`
  throw new Error(
    `unknown column type "${text}"${meant}; expected one of ${known}, or decimal(p,s) with p ≤ 38 and s ≤ p`,
  )
}

function between<Type>(words: Words, take: () => Type): Type {
  words.expect('<')
  const type = take()
  words.expect('>')
  return type
}

function takeMap(words: Words, depth: number): ColumnType {
  const key = takeType(words, depth)
  if (!canBeKey(key)) throw new Error(`a map key cannot be of type ${formatColumnType(key)}`)
  words.expect(',')
  return { kind: 'map', key, value: takeType(words, depth) }
}

function takeMembers(words: Words, depth: number): readonly StructMember[] {
  const members: StructMember[] = []
  do {
    const name = nameOf(words.take() ?? '')
    words.expect(':')
    members.push({ name, tableName: foldName(name), type: takeType(words, depth) })
  } while (words.peek() === ',' && words.take())
  requireNames(members)
  return members
}

function nameOf(word: string): string {
  const name: unknown = word.startsWith('"') ? JSON.parse(word) : word
  if (typeof name === 'string' && !/^[<>(),:]?$/.test(word)) return name
  throw new Error(`expected the name of a struct member, found ${word === '' ? 'the end' : `"${word}"`}`)
}

function requireNames(members: readonly StructMember[]): void {
  if (members.some(({ name }) => name === '')) throw new Error('a struct member has no name')
  const [same] = foldingCollisions(members.map(member => member.name))
  if (same)
    throw new Error(`struct members ${same.map(name => `"${name}"`).join(' and ')} are one name in Athena`)
}

function takeDecimal(words: Words): ColumnType {
  if (words.peek() !== '(') return { kind: 'decimal', ...DEFAULT_DECIMAL }
  words.take()
  const precision = takeNumber(words)
  const scale = words.peek() === ',' && words.take() ? takeNumber(words) : 0
  words.expect(')')
  if (precision >= 1 && precision <= MAX_DECIMAL_PRECISION && scale <= precision)
    return { kind: 'decimal', precision, scale }
  return takePlain(words, '')
}

function takeNumber(words: Words): number {
  const word = words.take() ?? ''
  return /^\d{1,3}$/.test(word) ? Number(word) : Number.NaN
}
