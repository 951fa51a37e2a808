import type { z } from 'zod'
import { TransferError } from '../domain/errors.ts'

/**
 * The value as the schema reads it; otherwise one error that lists, per problem, the path, what was found and what is
 * expected.
 *
 * @throws {TransferError} `CONFIG_INVALID`.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const outcome = schema.safeParse(value, { reportInput: true })
  if (outcome.success) return outcome.data
  const problems = outcome.error.issues.map(issue => describeIssue(issue, value))
  throw new TransferError('CONFIG_INVALID', `${where}: ${problems.join('; ')}`, {
    details: { where, problems },
  })
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const path = issue.path.length === 0 ? 'the whole' : formatPath(issue.path)
  const secret = SECRET_KEYS.test(String(issue.path.at(-1)))
  return `${path}: ${issue.message}, found ${secret ? 'a value that is not shown' : describeValue(valueAt(value, issue.path))}`
}

/** Keys whose values may be secrets, written by mistake where a reference belongs. */
const SECRET_KEYS = /secret|password|accessKey|token/i

/** `columns[2].type`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, part) : undefined),
    value,
  )
}

/** Longest text that a message repeats, in characters. */
const MAX_SHOWN = 80

/** Texts and numbers are repeated; of lists and objects only the kind, since secrets may lie within. */
function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
