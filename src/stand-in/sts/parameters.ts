import { z } from 'zod'
import { type Identities, type Role, roleArn, roleKey } from '../iam/identities.ts'
import { type PolicyDocument, permissionPolicySchema } from '../iam/policy.ts'
import { AwsError } from '../services.ts'

/** Bounds of a session, in seconds; the upper one is the role's own. */
const MIN_DURATION_SECONDS = 900
const DEFAULT_DURATION_SECONDS = 3600

/** Longest session that role chaining allows, in seconds. */
const MAX_CHAINED_SECONDS = 3600

const durationSchema = z.coerce.number().int()

/** The error STS answers to a parameter out of its bounds. */
export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', 400, message)
}

/** A parameter that must be there. */
export function required(parameters: ReadonlyMap<string, string>, name: string): string {
  const value = parameters.get(name)
  if (value === undefined || value === '') {
    const member = name.charAt(0).toLowerCase() + name.slice(1)
    throw validationError(
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    )
  }
  return value
}

/** `RoleSessionName`: 2 to 64 characters that an ARN may hold. */
export function sessionName(parameters: ReadonlyMap<string, string>): string {
  const name = required(parameters, 'RoleSessionName')
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name
  throw validationError(
    `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
  )
}

/** `DurationSeconds`: 900 up to what the role (or chaining) allows, 3600 by default. */
export function durationSeconds(
  parameters: ReadonlyMap<string, string>,
  role: Role,
  chaining: 'chained' | 'first',
): number {
  const text = parameters.get('DurationSeconds') ?? String(DEFAULT_DURATION_SECONDS)
  const parsed = durationSchema.safeParse(text)
  if (!parsed.success || parsed.data < MIN_DURATION_SECONDS) {
    throw validationError(
      `1 validation error detected: Value '${text}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to ${MIN_DURATION_SECONDS}`,
    )
  }
  if (chaining === 'chained' && parsed.data > MAX_CHAINED_SECONDS)
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    )
  if (parsed.data > role.maxSessionDurationSeconds)
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.')
  return parsed.data
}

/** `Policy`: the optional session policy. @throws {AwsError} `MalformedPolicyDocument`. */
export function sessionPolicy(parameters: ReadonlyMap<string, string>): PolicyDocument | undefined {
  const text = parameters.get('Policy')
  if (text === undefined) return undefined
  try {
    return permissionPolicySchema.parse(JSON.parse(text))
  } catch {
    throw new AwsError('MalformedPolicyDocument', 400, 'The policy document is malformed.')
  }
}

/** The role that an ARN names, if there is one; a malformed ARN is a `ValidationError`. */
export function findRole(identities: Identities, arn: string): Role | undefined {
  const match = /^arn:(aws|aws-cn|aws-us-gov):iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(arn)
  const [, partition, accountId, name] = match ?? []
  if (partition === undefined || accountId === undefined || name === undefined)
    throw validationError(`${arn} is invalid`)
  const role = identities.roles.get(roleKey(accountId, name))
  return role &&
    roleArn(role, partition) === arn &&
    identities.accounts.get(accountId)?.partition === partition
    ? role
    : undefined
}
