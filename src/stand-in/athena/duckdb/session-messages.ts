import { z } from 'zod'

/** What the parent asks of a DuckDB child process; every request is answered under its number, interrupt excepted. */
export const requestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('open'), id: z.number(), settings: z.record(z.string(), z.string()) }),
  z.object({ kind: z.literal('all'), id: z.number(), sql: z.string() }),
  z.object({ kind: z.literal('stream'), id: z.number(), sql: z.string() }),
  z.object({ kind: z.literal('next'), id: z.number() }),
  z.object({ kind: z.literal('close'), id: z.number() }),
  z.object({ kind: z.literal('interrupt') }),
])

/** One request. */
export type Request = z.infer<typeof requestSchema>

/** The child's answer: a value or DuckDB's message. */
export const answerSchema = z.object({
  id: z.number(),
  value: z.unknown().optional(),
  error: z.string().optional(),
})
