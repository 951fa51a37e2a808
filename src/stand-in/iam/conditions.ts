import { type Comparison, comparisonOf, isNegatable } from './comparisons.ts'
import { compilePattern, matchesArn, matchesPattern, type VariableLookup } from './pattern.ts'

/** The condition keys of a request: names in lower case, each with its values. */
export type ConditionKeys = ReadonlyMap<string, readonly string[]>

/** What a statement's Condition says of a request; `unknown` carries the operator that nobody here understands. */
export type ConditionVerdict = { readonly met: boolean } | { readonly unknownOperator: string }

/** Builds condition keys from pairs; undefined values are left out. */
export function conditionKeys(
  pairs: Readonly<Record<string, string | readonly string[] | undefined>>,
): ConditionKeys {
  const keys = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(pairs)) {
    if (value !== undefined) keys.set(name.toLowerCase(), typeof value === 'string' ? [value] : value)
  }
  return keys
}

/**
 * Evaluates a whole Condition block: operators and keys are ANDed, values ORed (NORed for negated operators).
 * An operator that is not IAM's, or not imitated here, is reported and never guessed.
 */
export function evaluateConditions(
  condition: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
  keys: ConditionKeys,
  lookup: VariableLookup,
): ConditionVerdict {
  for (const operator of Object.keys(condition)) {
    if (!parseOperator(operator)) return { unknownOperator: operator }
  }
  const met = Object.entries(condition).every(([operator, block]) =>
    Object.entries(block).every(([key, wanted]) =>
      isMet(operator, wanted, keys.get(key.toLowerCase()), lookup),
    ),
  )
  return { met }
}

interface Operator {
  readonly negated: boolean
  readonly ifExists: boolean
  readonly quantifier: 'any' | 'all' | undefined
  readonly compare: Comparison | 'null'
}

function parseOperator(text: string): Operator | undefined {
  const match = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/.exec(text)
  const name = match?.[2]
  if (!match || name === undefined) return undefined
  const quantifier = match[1] === undefined ? undefined : match[1] === 'ForAnyValue' ? 'any' : 'all'
  const ifExists = match[3] !== undefined
  if (name === 'Null') return ifExists ? undefined : { negated: false, ifExists, quantifier, compare: 'null' }
  const negated = name.includes('Not')
  const positiveName = name.replace('Not', '')
  const compare = comparisonOf(positiveName)
  if (!compare || (negated && !isNegatable(positiveName))) return undefined
  return { negated, ifExists, quantifier, compare }
}

function isMet(
  operatorText: string,
  wanted: readonly string[],
  actual: readonly string[] | undefined,
  lookup: VariableLookup,
): boolean {
  const operator = parseOperator(operatorText)
  if (!operator) return false
  const { compare } = operator
  if (compare === 'null')
    return wanted.some(value => (value.toLowerCase() === 'true') === (actual === undefined))
  if (actual === undefined || actual.length === 0) {
    if (operator.quantifier === 'any') return operator.ifExists
    return operator.ifExists || operator.quantifier === 'all' || operator.negated
  }
  const fits = (value: string): boolean =>
    wanted.some(candidate => compares(compare, candidate, value, lookup)) !== operator.negated
  return operator.quantifier === 'all' || (operator.negated && operator.quantifier === undefined)
    ? actual.every(fits)
    : actual.some(fits)
}

function compares(compare: Comparison, wanted: string, actual: string, lookup: VariableLookup): boolean {
  if (compare.kind === 'arn') return matchesArn(wanted, actual, lookup)
  const pattern = compilePattern(wanted, lookup, compare.kind === 'like' ? 'wildcards' : 'literal')
  if (!pattern) return false
  if (compare.kind === 'like') return matchesPattern(pattern, actual)
  const text = pattern.map(token => (typeof token === 'string' ? token : '')).join('')
  return compare.kind === 'test' ? compare.test(text, actual) : text === actual
}
