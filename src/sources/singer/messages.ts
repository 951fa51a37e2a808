import { z } from 'zod'
import { type Place, refused } from './place.ts'

const recordSchema = z.custom<Readonly<Record<string, unknown>>>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
)

const streamSchema = z.string().min(1)

const versionSchema = z.int()

const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('SCHEMA'),
    stream: streamSchema,
    schema: z.looseObject({ properties: z.record(z.string(), z.unknown()) }),
    key_properties: z.array(z.string()).nullish(),
  }),
  z.object({
    type: z.literal('RECORD'),
    stream: streamSchema,
    record: recordSchema,
    version: versionSchema.nullish(),
  }),
  z.object({
    type: z.literal('STATE'),
    value: z.custom<unknown>(value => value !== undefined, 'is missing'),
  }),
  z.object({ type: z.literal('ACTIVATE_VERSION'), stream: streamSchema, version: versionSchema }),
  z.object({
    type: z.literal('BATCH'),
    stream: streamSchema,
    encoding: z.object({
      format: z.literal('jsonl', 'only jsonl is read'),
      compression: z.enum(['gzip', 'none'], 'only gzip and none are read').nullish(),
    }),
    manifest: z.array(z.string().min(1)),
  }),
])

/** One line of a Singer stream. */
export type Message = z.output<typeof messageSchema>

/** A message of one type. */
export type MessageOf<Type extends Message['type']> = Extract<Message, { readonly type: Type }>

/** @throws {TransferError} `SINGER_INVALID` for text that is not JSON and for what is no message. */
export function readMessage(text: string, place: Place): Message {
  const value = readJson(text, place)
  const outcome = messageSchema.safeParse(value)
  if (outcome.success) return outcome.data
  const stream = streamOf(value)
  const [issue] = outcome.error.issues
  const property = issue?.path.map(String).join('.')
  throw refused(place, `is no Singer message: ${issue?.message}`, {
    stream,
    property: property === '' ? undefined : property,
  })
}

/** A record as batch files hold it. @throws {TransferError} `SINGER_INVALID` for anything but a JSON object. */
export function readRecord(text: string, place: Place, stream: string): Readonly<Record<string, unknown>> {
  const outcome = recordSchema.safeParse(readJson(text, place, stream))
  if (outcome.success) return outcome.data
  throw refused(place, 'is not a JSON object', { stream })
}

function readJson(text: string, place: Place, stream?: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw refused(place, `is not JSON: ${reason}`, { stream, cause })
  }
}

function streamOf(value: unknown): string | undefined {
  const outcome = z.object({ stream: z.string() }).safeParse(value)
  return outcome.success ? outcome.data.stream : undefined
}
