import type { Clock } from '../clock.ts'
import type { Audit } from '../iam/audit.ts'
import { conditionKeys } from '../iam/conditions.ts'
import { evaluatePolicies } from '../iam/evaluate.ts'
import type { Identities, Role, Session } from '../iam/identities.ts'
import { globalKeys, type Principal } from '../iam/principal.ts'
import { evaluateTrust } from '../iam/trust.ts'
import { AwsError, type Caller } from '../services.ts'
import {
  durationSeconds,
  findRole,
  required,
  sessionName,
  sessionPolicy,
  validationError,
} from './parameters.ts'
import { createSession } from './sessions.ts'

const ACTION = 'sts:AssumeRole'

/**
 * Assumes a role as a signed caller: the trust policy must name the caller, or its account when the caller's own
 * policies allow it; across accounts both are needed.
 * @throws {AwsError} `AccessDenied`, `ValidationError`.
 */
export async function assumeRole(
  deps: { identities: Identities; audit: Audit; clock: Clock },
  parameters: ReadonlyMap<string, string>,
  caller: Caller,
  principal: Principal,
): Promise<{ readonly session: Session; readonly roleId: string }> {
  const arn = required(parameters, 'RoleArn')
  const name = sessionName(parameters)
  const externalId = parameters.get('ExternalId')
  if (externalId !== undefined && !/^[\w+=,.@:/-]{2,1224}$/.test(externalId))
    throw validationError(
      `1 validation error detected: Value '${externalId}' at 'externalId' failed to satisfy constraint`,
    )
  const role = findRole(deps.identities, arn)
  const own = conditionKeys({ 'sts:ExternalId': externalId, 'sts:RoleSessionName': name })
  const keys = new Map([...globalKeys(principal, caller), ...own])
  const reason = role ? refusalReason(role, principal, arn, keys) : 'no such role'
  deps.audit.record({
    time: new Date().toISOString(),
    callerArn: caller.arn,
    accountId: caller.accountId,
    action: ACTION,
    resource: arn,
    allowed: reason === undefined,
    reason: reason ?? 'allowed by the trust policy',
  })
  if (!role || reason !== undefined) {
    const message = `User: ${caller.arn} is not authorized to perform: ${ACTION} on resource: ${arn}`
    throw new AwsError('AccessDenied', 403, message)
  }
  const session = await createSession(deps, {
    role,
    sessionName: name,
    durationSeconds: durationSeconds(parameters, role, principal.session ? 'chained' : 'first'),
    sessionPolicy: sessionPolicy(parameters),
    federatedKeys: {},
  })
  return { session, roleId: role.roleId }
}

function refusalReason(
  role: Role,
  principal: Principal,
  arn: string,
  keys: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const trust = evaluateTrust(role.trustPolicy, { action: ACTION, applicant: { aws: principal }, keys })
  if (trust.verdict.outcome !== 'allowed') return `trust policy: ${trust.verdict.outcome}`
  const policies = [principal.policies, principal.session?.sessionPolicy && [principal.session.sessionPolicy]]
  for (const documents of policies) {
    if (!documents) continue
    const { outcome } = evaluatePolicies(documents, { action: ACTION, resource: arn, keys })
    const needed = trust.delegated || role.accountId !== principal.accountId
    if (outcome !== 'allowed' && (needed || outcome !== 'implicit-deny')) return `identity policy: ${outcome}`
  }
  return undefined
}
