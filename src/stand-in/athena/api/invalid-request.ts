import type { z } from 'zod'
import { AwsError } from '../../services.ts'

/** Athena's answer to a request it will not take. */
export function invalidRequest(message: string, athenaErrorCode = 'INVALID_INPUT'): AwsError {
  return new AwsError('InvalidRequestException', 400, message, { AthenaErrorCode: athenaErrorCode })
}

/** Reads a request's body; unknown members are let through, as AWS's services do. */
export function readBody<Value>(schema: z.ZodType<Value>, body: unknown): Value {
  const parsed = schema.safeParse(body ?? {})
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalidRequest(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}
