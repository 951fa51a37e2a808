import { z } from 'zod'
import { TransferError } from '../domain/errors.ts'
import { TRANSFER_TYPES, transferIdSchema } from '../domain/transfer.ts'
import { transferWindowSchema } from '../domain/transfer-window.ts'

/** Version that this package writes. Workers refuse others, so that an old worker never misreads a new job. */
export const PAYLOAD_VERSION = 1

const nameSchema = z.string().min(1).max(255)

const common = {
  version: z.literal(PAYLOAD_VERSION),
  transferId: transferIdSchema,
  /** Name of a destination in the workers' configuration. */
  destination: nameSchema,
  type: z.enum(TRANSFER_TYPES),
  /** The rows that a backfill reads. */
  window: transferWindowSchema.optional(),
}

/** A window is a backfill's: an overwrite by the rows of a window would remove all others. */
function hasWindowIfBackfill({ type, window }: { type: string; window?: object | undefined }): boolean {
  return (type === 'backfill') === (window !== undefined)
}

const WINDOW_EXPECTED = {
  path: ['window'],
  message: 'expected for the type backfill, and for no other: a full refresh replaces all rows',
}

/** A transfer job: one run of a destination's models. Names only; nothing secret. */
export const transferPayloadSchema = z
  .strictObject({
    ...common,
    /** Absent: all models of the destination. */
    models: z.array(nameSchema).min(1).optional(),
    /** The transfer whose failed models this one runs again. */
    retryOf: transferIdSchema.optional(),
    /** ISO 8601. */
    requestedAt: z.iso.datetime(),
    /** Set by the worker that made the model jobs, so that they are made once. */
    fannedOut: z.strictObject({ at: z.iso.datetime(), models: z.array(nameSchema) }).optional(),
  })
  .refine(hasWindowIfBackfill, WINDOW_EXPECTED)

export type TransferPayload = z.output<typeof transferPayloadSchema>

/** A model job: one model of a transfer, made by the worker that fans the transfer out. */
export const modelPayloadSchema = z
  .strictObject({ ...common, model: nameSchema })
  .refine(hasWindowIfBackfill, WINDOW_EXPECTED)

export type ModelPayload = z.output<typeof modelPayloadSchema>

/**
 * A job's data as its schema reads it.
 *
 * @throws {TransferError} `JOB_INVALID` with each path and what is expected.
 */
export function parsePayload<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  jobId: string,
): z.output<Schema> {
  const outcome = schema.safeParse(data)
  if (outcome.success) return outcome.data
  const problems = outcome.error.issues.map(issue => `${issue.path.join('.') || 'payload'}: ${issue.message}`)
  throw new TransferError('JOB_INVALID', `job ${jobId}: ${problems.join('; ')}`, {
    details: { jobId, problems },
  })
}
