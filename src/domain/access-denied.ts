import { TransferError } from './errors.ts'
import { type PolicyPlace, permissionPolicy, statementGranting } from './permission-policy.ts'

/** What AWS refused. */
interface DeniedCall {
  /** IAM's name of the action, such as `glue:CreateTable`. */
  readonly action: string
  /** ARN of the resource, as exact as AWS told or the call allows. */
  readonly resource: string
  /** True when a Deny refuses it, so that no further Allow would help. */
  readonly isExplicit?: boolean
}

/** A destination as far as policies need it; the account may be unknown with access keys. */
export type DeniedPlace = Omit<PolicyPlace, 'accountId'> & {
  readonly accountId?: string | undefined
  readonly name: string
}

/**
 * The error for a call that the customer's policy does not allow: names action and resource, and its hint holds the
 * statement to paste.
 */
export function accessDenied(denied: DeniedCall, place: DeniedPlace, cause: unknown): TransferError {
  if (denied.action.startsWith('kms:')) return keyDenied(denied, place, cause)
  const accountId = place.accountId ?? denied.resource.split(':')[4] ?? ''
  const policy = permissionPolicy({ ...place, accountId: accountId === '' ? 'ACCOUNT_ID' : accountId })
  const statement = JSON.stringify(statementGranting(denied.action, denied.resource, policy))
  return new TransferError(
    'ACCESS_DENIED',
    `destination "${place.name}": the customer's policy does not allow ${denied.action} on ${denied.resource}`,
    {
      cause,
      details: { destination: place.name, action: denied.action, resource: denied.resource },
      hint: denied.isExplicit
        ? EXPLICIT_HINT
        : `The customer adds this statement to the permission policy of the role or user (whole policy: \`athena-transfer policy ${place.name}\`): ${statement}`,
    },
  )
}

const EXPLICIT_HINT =
  "A Deny in the customer's policies refuses it, which no Allow outweighs: the customer removes it, then enqueue the transfer again. IAM adds one, AWSRevokeOlderSessions, when a role's sessions are revoked; it holds for older sessions only."

/** The bucket's own key: the contract's policy grants no action on it, so the customer has to add both that S3 needs. */
function keyDenied(denied: DeniedCall, place: DeniedPlace, cause: unknown): TransferError {
  const actions = ['kms:GenerateDataKey', 'kms:Decrypt']
  const statement = JSON.stringify({ Effect: 'Allow', Action: actions, Resource: [denied.resource] })
  return new TransferError(
    'ENCRYPTION_KEY_DENIED',
    `destination "${place.name}": bucket "${place.bucket}" is encrypted with ${denied.resource}, on which the customer's policy does not allow ${denied.action}`,
    {
      cause,
      details: { destination: place.name, action: denied.action, resource: denied.resource },
      hint: `The customer adds this statement to the permission policy of the role or user, and lets it use the key in the key's own policy: ${statement}`,
    },
  )
}

/** Action and resource out of AWS's sentence `… is not authorized to perform: A on resource: R …`, if it says so. */
export function parseDenial(message: string): DeniedCall | undefined {
  const match = /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)(?: on resource: "?([^\s",]+)"?)?/.exec(
    message,
  )
  const action = match?.[1]
  if (action === undefined) return undefined
  return { action, resource: match?.[2] ?? '*', isExplicit: /with an explicit deny/.test(message) }
}
