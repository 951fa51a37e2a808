import { type Authorizer, AwsError, type Caller } from '../services.ts'
import type { Audit } from './audit.ts'
import type { ConditionKeys } from './conditions.ts'
import { evaluatePolicies, type PolicyRequest, type Verdict } from './evaluate.ts'
import type { Identities } from './identities.ts'
import { findPrincipal, globalKeys, type Principal } from './principal.ts'

/** What a service knows of a request beyond action and resource. */
export interface RequestFacts {
  /** The service's own condition keys, such as `s3:prefix`. */
  readonly keys?: ConditionKeys
  /** Who owns the resource; when it is not the caller's account the call is refused, as there are no resource policies. */
  readonly ownerAccountId?: string
}

/** `Authorizer` with what S3 and Glue need beyond it. */
export interface DetailedAuthorizer extends Authorizer {
  authorize(caller: Caller, action: string, resources: readonly string[], facts?: RequestFacts): void
  /** The ARN of the role or user behind a caller, which grants are made to. */
  identityArn(caller: Caller): string
  /** As `authorize`, but answers instead of throwing; audited all the same. */
  isAllowed(caller: Caller, action: string, resource: string, facts?: RequestFacts): boolean
}

interface Decision {
  readonly allowed: boolean
  /** Continues AWS's sentence after the resource. */
  readonly because: string
  readonly reason: string
}

/** Decides by the policies that hold at the moment of the call, and audits each decision. */
export function createAuthorizer(deps: { identities: Identities; audit: Audit }): DetailedAuthorizer {
  const decideAndAudit = (
    caller: Caller,
    action: string,
    resource: string,
    facts: RequestFacts,
  ): Decision => {
    const decision = decide(deps.identities, caller, { action, resource }, facts)
    deps.audit.record({
      time: new Date().toISOString(),
      callerArn: caller.arn,
      accountId: caller.accountId,
      action,
      resource,
      allowed: decision.allowed,
      reason: decision.reason,
    })
    return decision
  }
  return {
    authorize(caller, action, resources, facts = {}) {
      for (const resource of resources) {
        const decision = decideAndAudit(caller, action, resource, facts)
        if (!decision.allowed) throw accessDenied(caller, action, resource, decision.because)
      }
    },
    identityArn: caller => findPrincipal(deps.identities, caller.accessKeyId)?.identityArn ?? caller.arn,
    isAllowed: (caller, action, resource, facts = {}) =>
      decideAndAudit(caller, action, resource, facts).allowed,
  }
}

function decide(
  identities: Identities,
  caller: Caller,
  question: { action: string; resource: string },
  facts: RequestFacts,
): Decision {
  const principal = findPrincipal(identities, caller.accessKeyId)
  if (!principal)
    return refusal(`no identity-based policy allows the ${question.action} action`, 'the identity is gone')
  const keys = new Map([...globalKeys(principal, caller), ...(facts.keys ?? [])])
  const own = decideByPolicies(principal, { ...question, keys })
  if (!own.allowed || facts.ownerAccountId === undefined || facts.ownerAccountId === caller.accountId)
    return own
  const because = `no resource-based policy allows the ${question.action} action`
  return refusal(because, `the resource belongs to account ${facts.ownerAccountId}`)
}

function decideByPolicies(principal: Principal, request: PolicyRequest): Decision {
  const own = toDecision(evaluatePolicies(principal.policies, request), request.action, 'identity-based')
  const sessionPolicy = principal.session?.sessionPolicy
  if (!own.allowed || !sessionPolicy) return own
  return toDecision(evaluatePolicies([sessionPolicy], request), request.action, 'session')
}

function toDecision(verdict: Verdict, action: string, kind: 'identity-based' | 'session'): Decision {
  switch (verdict.outcome) {
    case 'allowed':
      return { allowed: true, because: '', reason: `allowed by ${verdict.sid ?? `an ${kind} policy`}` }
    case 'explicit-deny':
      return {
        allowed: false,
        because: `with an explicit deny in ${kind === 'session' ? 'a session' : 'an identity-based'} policy`,
        reason: `denied by ${verdict.sid ?? `an explicit deny in the ${kind} policy`}`,
      }
    case 'implicit-deny':
      return refusal(`no ${kind} policy allows the ${action} action`, `no ${kind} policy allows it`)
    case 'unknown-operator':
      return refusal(
        `no ${kind} policy allows the ${action} action`,
        `unknown condition operator ${verdict.operator} in a statement that covers the request`,
      )
  }
}

function refusal(because: string, reason: string): Decision {
  return { allowed: false, because: `because ${because}`, reason }
}

/** AWS's own sentence: S3 quotes the resource and answers 403, the JSON services answer 400 under another name. */
function accessDenied(caller: Caller, action: string, resource: string, because: string): AwsError {
  const service = action.slice(0, action.indexOf(':'))
  const shown = service === 's3' ? `"${resource}"` : resource
  const message = `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${shown} ${because}`
  return service === 's3' || service === 'sts' || service === 'kms'
    ? new AwsError('AccessDenied', 403, message)
    : new AwsError('AccessDeniedException', 400, message)
}
