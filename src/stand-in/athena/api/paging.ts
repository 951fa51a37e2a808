import { z } from 'zod'
import { invalidRequest } from './invalid-request.ts'

/** The members of a list request that choose a page. */
export const listPageSchema = z.looseObject({
  NextToken: z.string().optional(),
  MaxResults: z.number().int().min(0).max(50).default(50),
})

/** Cuts a page out of a list; the token is where the next one begins. */
export function pageOf<Item>(
  items: readonly Item[],
  page: z.infer<typeof listPageSchema>,
): { readonly items: readonly Item[]; readonly next: { readonly NextToken?: string } } {
  const start = Number(page.NextToken ?? 0)
  if (!Number.isSafeInteger(start) || start < 0) throw invalidRequest('Invalid NextToken')
  const end = start + (page.MaxResults === 0 ? 50 : page.MaxResults)
  return { items: items.slice(start, end), next: end < items.length ? { NextToken: String(end) } : {} }
}
