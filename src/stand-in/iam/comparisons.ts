import { BlockList, isIPv4 } from 'node:net'

/** How one condition operator compares a policy's value with a request's. */
export type Comparison =
  | { readonly kind: 'exact' }
  | { readonly kind: 'like' }
  | { readonly kind: 'arn' }
  | { readonly kind: 'test'; readonly test: (wanted: string, actual: string) => boolean }

const numeric = (compare: (actual: number, wanted: number) => boolean): Comparison => ({
  kind: 'test',
  test: (wanted, actual) => {
    const [left, right] = [Number(actual), Number(wanted)]
    return !Number.isNaN(left) && !Number.isNaN(right) && compare(left, right)
  },
})

const date = (compare: (actual: number, wanted: number) => boolean): Comparison => ({
  kind: 'test',
  test: (wanted, actual) => {
    const [left, right] = [parseDate(actual), parseDate(wanted)]
    return !Number.isNaN(left) && !Number.isNaN(right) && compare(left, right)
  },
})

/** IAM's condition operators without their `Not`; the negated ones are the same test turned round. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: { kind: 'exact' },
  StringEqualsIgnoreCase: {
    kind: 'test',
    test: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
  },
  StringLike: { kind: 'like' },
  ArnEquals: { kind: 'arn' },
  ArnLike: { kind: 'arn' },
  NumericEquals: numeric((actual, wanted) => actual === wanted),
  NumericLessThan: numeric((actual, wanted) => actual < wanted),
  NumericLessThanEquals: numeric((actual, wanted) => actual <= wanted),
  NumericGreaterThan: numeric((actual, wanted) => actual > wanted),
  NumericGreaterThanEquals: numeric((actual, wanted) => actual >= wanted),
  DateEquals: date((actual, wanted) => actual === wanted),
  DateLessThan: date((actual, wanted) => actual < wanted),
  DateLessThanEquals: date((actual, wanted) => actual <= wanted),
  DateGreaterThan: date((actual, wanted) => actual > wanted),
  DateGreaterThanEquals: date((actual, wanted) => actual >= wanted),
  Bool: { kind: 'test', test: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase() },
  BinaryEquals: { kind: 'test', test: (wanted, actual) => wanted === actual },
  IpAddress: { kind: 'test', test: isInNetwork },
}

/** Operators that have a negated twin, spelled with `Not` somewhere inside. */
const NEGATABLE = new Set([
  'StringEquals',
  'StringEqualsIgnoreCase',
  'StringLike',
  'ArnEquals',
  'ArnLike',
  'NumericEquals',
  'DateEquals',
  'IpAddress',
])

/** The comparison of an operator, `Not` removed; undefined for operators that IAM does not have. */
export function comparisonOf(name: string): Comparison | undefined {
  return Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name] : undefined
}

/** True when IAM has the negated form of an operator. */
export function isNegatable(name: string): boolean {
  return NEGATABLE.has(name)
}

/** ISO 8601 or seconds since the epoch, in milliseconds; NaN for anything else. */
function parseDate(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text)
}

function isInNetwork(wanted: string, actual: string): boolean {
  const [address, prefixText] = wanted.split('/')
  if (address === undefined) return false
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  const network = new BlockList()
  try {
    network.addSubnet(
      address,
      prefixText === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefixText),
      family,
    )
    return network.check(actual, isIPv4(actual) ? 'ipv4' : 'ipv6')
  } catch {
    return false // A malformed network or address fits nothing.
  }
}
