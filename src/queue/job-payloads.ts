import { z } from 'zod'
import { destinationNameSchema } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import { TRANSFER_TYPES, transferIdSchema } from '../domain/transfer.ts'
import { transferWindowSchema } from '../domain/transfer-window.ts'

/** Version that this package writes. Workers refuse others, so that an old worker never misreads a new job. */
export const PAYLOAD_VERSION = 1

const nameSchema = z.string().min(1).max(255)

/** Most models that a request may name; a destination has some hundreds. */
const MAX_MODELS = 10_000

const common = {
  version: z.literal(PAYLOAD_VERSION),
  transferId: transferIdSchema,
  /** Name of a destination in the workers' configuration. */
  destination: destinationNameSchema,
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
    models: z.array(nameSchema).min(1).max(MAX_MODELS).optional(),
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

/** Which job a payload lies in. */
interface JobPlace<Payload> {
  readonly jobId: string
  /** The id that a job with this payload has: in another one it was not put there by this package. */
  readonly idOf: (payload: Payload) => string
}

/**
 * A job's data as its schema reads it.
 *
 * @throws {TransferError} `JOB_INVALID` with each path and what is expected, never a value of a member that is not known.
 */
export function parsePayload<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  { jobId, idOf }: JobPlace<z.output<Schema>>,
): z.output<Schema> {
  const outcome = schema.safeParse(data)
  const job = shortened(jobId)
  if (!outcome.success) throw invalidPayload(job, data, outcome.error)
  if (idOf(outcome.data) === jobId) return outcome.data
  throw new TransferError('JOB_INVALID', `job ${job}: its payload is that of another job`, {
    details: { jobId: job },
  })
}

const versionSchema = z.object({ version: z.number() })

function invalidPayload(jobId: string, data: unknown, { issues }: z.ZodError): TransferError {
  const version = versionSchema.safeParse(data).data?.version
  if (version !== undefined && version > PAYLOAD_VERSION)
    return new TransferError(
      'JOB_INVALID',
      `job ${jobId}: its payload is of version ${version}, this worker reads ${PAYLOAD_VERSION}`,
      {
        details: { jobId },
        hint: 'Update the workers before the scheduler, and enqueue the transfer again.',
      },
    )
  const problems = issues
    .slice(0, MAX_PROBLEMS)
    .map(issue => shortened(`${issue.path.join('.') || 'payload'}: ${messageOf(issue)}`))
  const more = issues.length > MAX_PROBLEMS ? [`${issues.length - MAX_PROBLEMS} more`] : []
  return new TransferError('JOB_INVALID', `job ${jobId}: ${[...problems, ...more].join('; ')}`, {
    details: { jobId, problems },
  })
}

/** Names of members are repeated that look like names: what was put in a name's place may be a secret. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message
  const names = issue.keys.filter(name => /^[A-Za-z_]{1,24}$/.test(name))
  return names.length === issue.keys.length
    ? issue.message
    : `${issue.keys.length} members that are not known`
}

/** Bounds of what an error repeats of a payload, which may be of any size. */
const [MAX_PROBLEMS, MAX_SHOWN] = [10, 200]

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
