import { invalidInput } from './errors.ts'

/** Glue's page size unless the request names a smaller one. */
const DEFAULT_PAGE = 100

/** One page of a listing, and the token of the next one. */
export interface GluePage<Item> {
  readonly items: readonly Item[]
  readonly next: { readonly NextToken?: string }
}

/** Cuts a page out of a listing that is in a stable order; the token is the position, so it holds while nothing changes. */
export function cutPage<Item>(
  items: readonly Item[],
  request: { readonly NextToken?: string; readonly MaxResults?: number },
): GluePage<Item> {
  const start =
    request.NextToken === undefined || request.NextToken === '' ? 0 : decodeToken(request.NextToken)
  const end = start + Math.min(request.MaxResults ?? DEFAULT_PAGE, DEFAULT_PAGE)
  const more = end < items.length
  return { items: items.slice(start, end), next: more ? { NextToken: encodeToken(end) } : {} }
}

function encodeToken(position: number): string {
  return Buffer.from(`position:${position}`).toString('base64')
}

function decodeToken(token: string): number {
  const match = /^position:(\d+)$/.exec(Buffer.from(token, 'base64').toString())
  if (!match) throw invalidInput('Invalid NextToken.')
  return Number(match[1])
}
