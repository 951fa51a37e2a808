import type { ConditionKeys } from './conditions.ts'
import { coversAction, type Verdict, weigh } from './evaluate.ts'
import type { PolicyDocument, PolicyStatement } from './policy.ts'
import type { Principal } from './principal.ts'

/** Who asks to assume a role: a federated provider's user, or a principal of AWS. */
export type Applicant = { readonly federated: string } | { readonly aws: Principal }

/** What a trust policy answers; `delegated` means it trusts the applicant's whole account, so IAM there decides too. */
export interface TrustVerdict {
  readonly verdict: Verdict
  readonly delegated: boolean
}

/** Evaluates a role's trust policy for one applicant and action. */
export function evaluateTrust(
  policy: PolicyDocument,
  request: { action: string; applicant: Applicant; keys: ConditionKeys },
): TrustVerdict {
  const weighFor = (names: (statement: PolicyStatement) => boolean): Verdict =>
    weigh([policy], statement => coversAction(statement, request.action) && names(statement), request.keys)
  const { applicant } = request
  if ('federated' in applicant) {
    const names = (statement: PolicyStatement): boolean =>
      statement.Principal?.Federated.includes(applicant.federated) ?? false
    return { verdict: weighFor(names), delegated: false }
  }
  const verdict = weighFor(
    statement => namesDirectly(statement, applicant.aws) || namesAccount(statement, applicant.aws),
  )
  const direct = weighFor(statement => namesDirectly(statement, applicant.aws))
  return { verdict, delegated: direct.outcome !== 'allowed' }
}

function namesDirectly(statement: PolicyStatement, principal: Principal): boolean {
  const named = statement.Principal?.AWS ?? []
  return named.includes('*') || named.includes(principal.arn) || named.includes(principal.identityArn)
}

function namesAccount(statement: PolicyStatement, principal: Principal): boolean {
  const root = `arn:${principal.partition}:iam::${principal.accountId}:root`
  return (statement.Principal?.AWS ?? []).some(name => name === principal.accountId || name === root)
}
