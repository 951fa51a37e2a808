import { z } from 'zod'

const atMs = z.number()
const transferId = z.string()

/** What a worker process tells its parent; times are of the fast clock, which all share. */
export const toldSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('model started'), transferId, model: z.string(), atMs }),
  z.object({ kind: z.literal('model ended'), transferId, model: z.string(), atMs }),
  /** All its models have ended; the next of its destination may not have started yet. */
  z.object({ kind: z.literal('transfer finished'), transferId, atMs }),
  z.object({ kind: z.literal('transfer ended'), transferId, status: z.string(), atMs }),
  z.object({ kind: z.literal('memory'), heapBytes: z.number(), rssBytes: z.number() }),
  /** A worker's error that a slow machine may have for the fast clock; what comes of it would be seen in the transfers. */
  z.object({ kind: z.literal('error'), message: z.string() }),
  /** What must not happen. */
  z.object({ kind: z.literal('trouble'), message: z.string() }),
])

export type Told = z.output<typeof toldSchema>
