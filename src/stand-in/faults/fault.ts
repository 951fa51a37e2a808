import { z } from 'zod'
import { isFaultName } from './kinds.ts'

/** A fault to switch on; it replaces the one of the same id. */
export const faultSchema = z.strictObject({
  /** `<service>.<Action>.<kind>`, such as `glue.UpdateTable.throttle`; see `kinds.ts`. */
  name: z.string().refine(isFaultName, 'expected <service>.<Action>.<kind> with a kind that the service has'),
  /** Its own name, for several faults of one kind at a time. Default: `name`. */
  id: z
    .string()
    .regex(/^[\w.*-]+$/)
    .optional(),
  /** A regular expression for the subject: S3's `bucket/key`, the body of Glue, STS and Athena, a query's statement. */
  match: z.string().refine(isPattern, 'expected a regular expression').optional(),
  /** Only calls of this account's identities; for an unsigned one the role's account. */
  accountId: z.string().optional(),
  /** Only calls of sessions of this role, or for it. */
  role: z.string().optional(),
  /** How many matches go unharmed before. */
  after: z.int().min(0).default(0),
  /** How often it strikes at most. */
  times: z.int().min(1).default(1),
  /** How probable it is that a match past `after` is struck; drawn from `seed`, so the same each time. */
  probability: z.number().gt(0).max(1).default(1),
  seed: z.int().min(0).default(0),
  /** Of kinds that wait, in milliseconds. */
  delayMs: z.int().min(0).max(600_000).default(2000),
  /** Of `athena.query.fail`: the number in Athena's error catalog. */
  errorType: z.int().min(0).max(9999).default(100),
})

/** A fault as it was switched on. */
export type Fault = z.output<typeof faultSchema>

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}
