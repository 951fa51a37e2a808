/** Most names that a message lists, and most characters of each. */
const [MAX_NAMES, MAX_NAME] = [50, 100]

/** Names for a message, however many a file has. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map(name => name.slice(0, MAX_NAME))
  const more = names.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
