import type { z } from 'zod'
import { invalidInput } from './errors.ts'

/** Validates what a client sent. @throws {AwsError} `InvalidInputException` in AWS's words, naming the first member at fault. */
export function readInput<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = (issue?.path ?? []).map(step => lowerFirst(String(step))).join('.')
  const shown =
    issue?.input === undefined ? 'null' : `'${JSON.stringify(issue.input).slice(0, 200).replaceAll('"', '')}'`
  throw invalidInput(
    `1 validation error detected: Value ${shown} at '${path}' failed to satisfy constraint: ${constraintOf(issue)}`,
  )
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function constraintOf(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case 'too_big':
      return `Member must have length less than or equal to ${issue.maximum}`
    case 'too_small':
      return `Member must have length greater than or equal to ${issue.minimum}`
    case 'invalid_format':
      return `Member must satisfy regular expression pattern: ${issue.pattern ?? issue.format}`
    case 'invalid_type':
      return issue.input === undefined ? 'Member must not be null' : `Member must be ${issue.expected}`
    default:
      return issue?.message ?? 'Member is invalid'
  }
}
