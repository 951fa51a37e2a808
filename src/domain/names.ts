import { createHash } from 'node:crypto'

/** Longest name of a database, table or column in Glue, in bytes. */
const MAX_NAME_BYTES = 255

/** Names beginning so are kept for columns and tables that this product adds. */
export const RESERVED_PREFIX = '_transfer_'

/** Hexadecimal digits of the SHA-256 of a source name that tell it from others: 32 bits. */
const HASH_DIGITS = 8

/**
 * The table's spelling of a source's name, `[a-z0-9_]` and at most 255 bytes, decided by the name alone:
 *
 * - lower case as Athena folds it, accents left out, every other character replaced by `_`: `CustomerId` becomes
 *   `customerid`, so a query that spells it the source's way still finds it;
 * - a name without a Latin letter or digit is spelled in code points: `客户` becomes `u5ba2_u6237`;
 * - one that would begin with the reserved prefix gets `source` before it;
 * - a longer one is cut and ends in a hash of the whole.
 *
 * Different names may fold to one; `tableNamesOf` tells them apart. The empty name has no spelling.
 */
export function foldName(sourceName: string): string {
  const folded = sourceName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
  const spelled = /[a-z0-9]/.test(folded) ? folded : inCodePoints(sourceName)
  const free = spelled.startsWith(RESERVED_PREFIX) ? `source${spelled}` : spelled
  return free.length <= MAX_NAME_BYTES ? free : withHash(free, sourceName)
}

function inCodePoints(sourceName: string): string {
  return Array.from(sourceName, character => `u${(character.codePointAt(0) ?? 0).toString(16)}`).join('_')
}

function withHash(name: string, sourceName: string): string {
  // UTF-16 keeps what UTF-8 cannot spell, so that no two names are hashed as one.
  const hash = createHash('sha256').update(Buffer.from(sourceName, 'utf16le')).digest('hex')
  return `${name.slice(0, MAX_NAME_BYTES - HASH_DIGITS - 1)}_${hash.slice(0, HASH_DIGITS)}`
}

/** Groups of source names that fold to one name; empty when all is well. */
export function foldingCollisions(sourceNames: readonly string[]): readonly (readonly string[])[] {
  const bySpelling = Map.groupBy(sourceNames, foldName)
  return [...bySpelling.values()].filter(group => group.length > 1)
}

/**
 * A name in the table for each source name, whatever their order. Of names that fold to one, the one that is spelled
 * so already keeps it; each other ends in a hash of its own source name.
 *
 * `known` are the names that source names got before: they keep them, and no other source name gets them. So a column
 * of a table never changes its meaning when names are added.
 */
export function tableNamesOf(
  sourceNames: readonly string[],
  known: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const taken = new Set(known.values())
  const rivals = Map.groupBy(
    sourceNames.filter(name => !known.has(name)),
    foldName,
  )
  const nameOf = (sourceName: string): string => {
    const folded = foldName(sourceName)
    const isFirst = sourceName === folded || rivals.get(folded)?.length === 1
    return isFirst && !taken.has(folded) ? folded : withHash(folded, sourceName)
  }
  return new Map(sourceNames.map(name => [name, known.get(name) ?? nameOf(name)]))
}
