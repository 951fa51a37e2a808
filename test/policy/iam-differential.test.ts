import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { conditionKeys } from '../../src/stand-in/iam/conditions.ts'
import { evaluatePolicies } from '../../src/stand-in/iam/evaluate.ts'
import { permissionPolicySchema } from '../../src/stand-in/iam/policy.ts'
import { iamCase } from './iam-cases.ts'
import { type IamOracle, installOracle, type OracleRequest } from './iam-oracle.ts'
import { report } from './report.ts'

let oracle: IamOracle
beforeAll(async () => {
  oracle = await installOracle()
})
afterAll(() => oracle.remove())

/** Cases of one run; `IAM_SEED` repeats one. */
const CASES = 10_000
const SEED = Number(process.env.IAM_SEED ?? Date.now() % 2_147_483_647)

const WORDS = {
  allowed: 'Allowed',
  'explicit-deny': 'ExplicitlyDenied',
  'implicit-deny': 'ImplicitlyDenied',
  'unknown-operator': 'unknown operator',
} as const

function ours(policies: readonly unknown[], request: OracleRequest): string {
  const parsed = policies.map(policy => permissionPolicySchema.parse(policy))
  const verdict = evaluatePolicies(parsed, { ...request, keys: conditionKeys(request.keys) })
  return WORDS[verdict.outcome]
}

it('decides as an independent evaluator does', () => {
  const seen = { compared: 0, Allowed: 0, ExplicitlyDenied: 0, ImplicitlyDenied: 0 }
  const property = fc.property(iamCase, ({ policies, request }) => {
    const theirs = oracle.evaluate(policies, request)
    expect(ours(policies, request)).toBe(theirs)
    seen.compared++
    if (theirs === 'Allowed' || theirs === 'ExplicitlyDenied' || theirs === 'ImplicitlyDenied') seen[theirs]++
  })
  fc.assert(property, { numRuns: CASES, seed: SEED })
  report(
    `IAM: ${seen.compared} cases compared, disagreements: 0 (allowed ${seen.Allowed}, explicitly denied ${seen.ExplicitlyDenied}, implicitly denied ${seen.ImplicitlyDenied}; seed ${SEED})`,
  )
  expect(seen.compared).toBe(CASES)
  expect(Math.min(seen.Allowed, seen.ExplicitlyDenied, seen.ImplicitlyDenied)).toBeGreaterThan(CASES / 50)
})
