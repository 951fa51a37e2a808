import { z } from 'zod'
import { TransferError } from '../domain/errors.ts'

/** Longest problem that an error repeats, in characters: what lies in Redis may be of any size. */
const MAX_PROBLEM = 300

/**
 * `STATE_UNREADABLE` for a key of Redis that holds something else than this package writes there. Nothing of it is repeated
 * but what a schema says of it.
 */
export function unreadableState(key: string, problem: string, cause?: unknown): TransferError {
  const message = `Redis key ${key}: ${problem.slice(0, MAX_PROBLEM)}`
  return new TransferError('STATE_UNREADABLE', message, { cause, details: { key } })
}

/**
 * What a command answers that touches one key.
 *
 * @throws {TransferError} `STATE_UNREADABLE` when the key holds another kind of value.
 */
export async function onKey<Answer>(key: string, command: () => Promise<Answer>): Promise<Answer> {
  try {
    return await command()
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.message.includes('WRONGTYPE'))) throw thrown
    throw unreadableState(key, 'holds another kind of value than is kept there', thrown)
  }
}

/**
 * What is kept under a key as JSON.
 *
 * @throws {TransferError} `STATE_UNREADABLE`, which tells a version that is newer than `version` from what is damaged.
 */
export function parseState<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  { key, version }: { readonly key: string; readonly version: number },
): z.output<Schema> {
  const value = parseJson(text, key)
  const outcome = schema.safeParse(value)
  if (outcome.success) return outcome.data
  const found = versionSchema.safeParse(value).data?.version
  if (found !== undefined && found > version)
    throw new TransferError(
      'STATE_UNREADABLE',
      `Redis key ${key}: version ${found} was written by a newer worker; this one reads ${version}`,
      { details: { key }, hint: 'Update this worker; nothing is lost, and the newer ones go on with it.' },
    )
  const problems = outcome.error.issues.map(
    issue => `${issue.path.join('.') || 'the whole'}: ${issue.message}`,
  )
  throw unreadableState(key, `is damaged: ${problems.join('; ')}`)
}

const versionSchema = z.object({ version: z.number() })

function parseJson(text: string, key: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message would repeat a part of the text.
    throw unreadableState(key, `is damaged: ${text.length} characters that are no JSON`)
  }
}
