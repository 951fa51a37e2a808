/**
 * The known name that a misspelt one is likely to mean: the nearest, if at most a third of its characters, one at least,
 * are wrong, missing, too many or in the place of their neighbour. Letter cases count as different.
 */
export function similarName(misspelt: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(misspelt.length / 3))
  const [nearest] = known
    .map(name => ({ name, distance: editDistance(misspelt, name) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((left, right) => left.distance - right.distance)
  return nearest?.name
}

/** Fewest insertions, removals, replacements and swaps of neighbours that make one text of another. */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= from.length; row++) {
    const costs = [row]
    rows.push(costs)
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      costs[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwap ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
  }
  return at(from.length, to.length)
}
