import { type ConditionKeys, evaluateConditions } from './conditions.ts'
import { compileWildcards, matchesArn, matchesPattern, type VariableLookup } from './pattern.ts'
import type { PolicyDocument, PolicyStatement } from './policy.ts'

/** One question to a set of policies. */
export interface PolicyRequest {
  /** As AWS spells it, such as `s3:PutObject`; compared without regard to case. */
  readonly action: string
  /** The exact ARN. */
  readonly resource: string
  readonly keys: ConditionKeys
}

/** What a set of policies answers. An unknown operator refuses, whatever else the policies say. */
export type Verdict =
  | { readonly outcome: 'allowed'; readonly sid: string | undefined }
  | { readonly outcome: 'explicit-deny'; readonly sid: string | undefined }
  | { readonly outcome: 'implicit-deny' }
  | { readonly outcome: 'unknown-operator'; readonly operator: string }

/** Evaluates permission policies: an explicit deny first, then any allow, else an implicit deny. */
export function evaluatePolicies(policies: readonly PolicyDocument[], request: PolicyRequest): Verdict {
  return weigh(
    policies,
    (statement, lookup) =>
      coversAction(statement, request.action) && coversResource(statement, request.resource, lookup),
    request.keys,
  )
}

/** Weighs those statements that `covers` picks, by their conditions; shared by permission and trust policies. */
export function weigh(
  policies: readonly PolicyDocument[],
  covers: (statement: PolicyStatement, lookup: VariableLookup) => boolean,
  keys: ConditionKeys,
): Verdict {
  let allowed: Verdict | undefined
  let denied: Verdict | undefined
  for (const policy of policies) {
    const lookup = variableLookup(policy, keys)
    for (const statement of policy.Statement) {
      if (!covers(statement, lookup)) continue
      const verdict = evaluateConditions(statement.Condition ?? {}, keys, lookup)
      if ('unknownOperator' in verdict)
        return { outcome: 'unknown-operator', operator: verdict.unknownOperator }
      if (!verdict.met) continue
      if (statement.Effect === 'Deny') denied ??= { outcome: 'explicit-deny', sid: statement.Sid }
      else allowed ??= { outcome: 'allowed', sid: statement.Sid }
    }
  }
  return denied ?? allowed ?? { outcome: 'implicit-deny' }
}

function variableLookup(policy: PolicyDocument, keys: ConditionKeys): VariableLookup {
  if (policy.Version === '2008-10-17') return name => `\${${name}}`
  return name => {
    const values = keys.get(name.toLowerCase())
    return values?.length === 1 ? values[0] : undefined
  }
}

/** True when a statement speaks of an action; `*` and `?` are wildcards, case does not count. */
export function coversAction(statement: PolicyStatement, action: string): boolean {
  const matches = (patterns: readonly string[]): boolean =>
    patterns.some(pattern => matchesPattern(compileWildcards(pattern.toLowerCase()), action.toLowerCase()))
  return statement.NotAction ? !matches(statement.NotAction) : matches(statement.Action ?? [])
}

function coversResource(statement: PolicyStatement, resource: string, lookup: VariableLookup): boolean {
  const matches = (patterns: readonly string[]): boolean =>
    patterns.some(pattern => matchesArn(pattern, resource, lookup))
  return statement.NotResource ? !matches(statement.NotResource) : matches(statement.Resource ?? [])
}
