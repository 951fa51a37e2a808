import { z } from 'zod'
import { type ErrorCode, isErrorCode } from '../domain/errors.ts'

/** What a transfer that was not started yet waits for. */
const waitingSchema = z.object({
  /** `paused`: the customer has to mend the destination first. `busy`: other transfers come first. */
  reason: z.enum(['paused', 'busy']),
  /** ISO 8601. */
  since: z.iso.datetime(),
  /** Of a pause: when its end will be tried, in ISO 8601. */
  until: z.iso.datetime().optional(),
  /** Of a pause: how the last transfer failed. */
  failure: z
    .object({
      code: z.custom<ErrorCode>(isErrorCode),
      message: z.string(),
      hint: z.string(),
    })
    .optional(),
  /** Of a busy destination: the transfers that come first. */
  transferIds: z.array(z.string()).optional(),
})

/** What a transfer waits for, or waited for at last. */
export type Waiting = z.output<typeof waitingSchema>

/** What a transfer's job last told of its waiting. */
export function waitingOf({ progress }: { readonly progress: unknown }): Waiting | undefined {
  const parsed = z.object({ waiting: waitingSchema }).safeParse(progress)
  return parsed.success ? parsed.data.waiting : undefined
}
