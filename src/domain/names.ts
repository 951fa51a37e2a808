/** Longest name of a database, table or column in Glue, in bytes. */
export const MAX_NAME_BYTES = 255

/** Names beginning so are kept for columns that this product adds. */
export const RESERVED_PREFIX = '_transfer_'

/**
 * The table's spelling of a source's name: lower case as Athena folds it, every other character than `[a-z0-9_]`
 * replaced by `_`. `CustomerId` becomes `customerid`, so a query that spells it the source's way still finds it.
 */
export function foldName(sourceName: string): string {
  return sourceName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
}

/** Groups of different source names that fold to one name; empty when all is well. */
export function foldingCollisions(sourceNames: readonly string[]): readonly (readonly string[])[] {
  const bySpelling = Map.groupBy(sourceNames, foldName)
  return [...bySpelling.values()].filter(group => group.length > 1)
}
