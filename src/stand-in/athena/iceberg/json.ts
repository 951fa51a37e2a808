/** Parses JSON and keeps integers beyond 2^53, such as snapshot ids, as bigint. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    const isInexact = typeof value === 'number' && !Number.isSafeInteger(value)
    const source = context?.source ?? ''
    return isInexact && /^-?\d+$/.test(source) ? BigInt(source) : value
  })
}

/** Prints JSON with bigint values as plain numbers. */
export function printJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return `[${value.map(item => printJson(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${printJson(member)}`).join(',')}}`
}
