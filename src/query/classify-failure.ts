import type { ErrorCode } from '../domain/errors.ts'
import type { QueryExecution } from './athena-port.ts'

/** What to do about an execution that ended FAILED or CANCELLED. */
export interface FailureClass {
  readonly code: ErrorCode
  /** True when the same statement may succeed in a new token group. */
  readonly sameStatementAgain: boolean
}

/** Error types by number, from Athena's error catalog; ranges inclusive. First match wins. */
const BY_TYPE: readonly { readonly from: number; readonly to: number; readonly class: FailureClass }[] = [
  { from: 0, to: 8, class: { code: 'QUERY_LIMIT_EXCEEDED', sameStatementAgain: false } },
  { from: 206, to: 206, class: { code: 'QUERY_LIMIT_EXCEEDED', sameStatementAgain: false } },
  { from: 210, to: 210, class: { code: 'QUERY_LIMIT_EXCEEDED', sameStatementAgain: false } },
  { from: 234, to: 234, class: { code: 'LAKE_FORMATION_DENIED', sameStatementAgain: false } },
  { from: 1006, to: 1006, class: { code: 'QUERY_FAILED', sameStatementAgain: false } },
  { from: 1011, to: 1011, class: { code: 'QUERY_CANCELLED', sameStatementAgain: false } },
  { from: 1014, to: 1014, class: { code: 'QUERY_CANCELLED', sameStatementAgain: false } },
  { from: 1110, to: 1110, class: { code: 'TABLE_NOT_FOUND', sameStatementAgain: false } },
  { from: 1301, to: 1301, class: { code: 'TABLE_NOT_FOUND', sameStatementAgain: false } },
  { from: 1306, to: 1306, class: { code: 'DESTINATION_UNUSABLE', sameStatementAgain: false } },
  { from: 1400, to: 1401, class: { code: 'AWS_THROTTLED', sameStatementAgain: true } },
  { from: 1402, to: 1402, class: { code: 'DESTINATION_UNUSABLE', sameStatementAgain: false } },
  { from: 1403, to: 1406, class: { code: 'AWS_THROTTLED', sameStatementAgain: true } },
  { from: 1500, to: 1501, class: { code: 'ACCESS_DENIED', sameStatementAgain: false } },
  { from: 1602, to: 1602, class: { code: 'AWS_THROTTLED', sameStatementAgain: true } },
]

/** Named failures that share type 1301 with the customer's, and that only a change of our statement ends. */
const OUR_BUGS = /MERGE_TARGET_ROW_MULTIPLE_MATCHES|HIVE_BAD_DATA/

/** Types that Athena may mark as its own passing trouble. */
const TRANSIENT_TYPES = [
  [100, 100],
  [200, 232],
  [300, 303],
  [400, 400],
  [9999, 9999],
] as const

/** How the engine begins the message of a failure that it has a name for: `DIVISION_BY_ZERO: …`. */
const NAMED_MISTAKE = /^\s*[A-Z]+(_[A-Z]+)+:/

/**
 * Says what a failed or cancelled execution means, by its error type; message text decides only where Athena has no
 * type of its own for it: the commit conflict, open partitions, the scan limit, statements of ours that cannot succeed, and
 * which of a statement's many mistakes it is that comes with the type of a table that is not there.
 */
export function classifyFailure(status: QueryExecution['Status']): FailureClass {
  const message = `${status?.StateChangeReason ?? ''} ${status?.AthenaError?.ErrorMessage ?? ''}`
  const type = status?.AthenaError?.ErrorType
  if (message.includes('ICEBERG_COMMIT_ERROR')) return { code: 'COMMIT_CONFLICT', sameStatementAgain: true }
  if (OUR_BUGS.test(message)) return { code: 'QUERY_FAILED', sameStatementAgain: false }
  if (/TOO_MANY_OPEN_PARTITIONS/.test(message))
    return { code: 'QUERY_LIMIT_EXCEEDED', sameStatementAgain: false }
  if (/Bytes scanned limit was exceeded/i.test(message))
    return { code: 'SCAN_LIMIT_EXCEEDED', sameStatementAgain: false }
  if (/\b(SCHEMA|TABLE)_NOT_FOUND\b/.test(message))
    return { code: 'TABLE_NOT_FOUND', sameStatementAgain: false }
  if (type === undefined) return { code: cancelledOr(status, 'QUERY_FAILED'), sameStatementAgain: false }
  const known = BY_TYPE.find(row => row.from <= type && type <= row.to)
  if (known?.class.code === 'TABLE_NOT_FOUND' && NAMED_MISTAKE.test(message))
    return { code: 'QUERY_FAILED', sameStatementAgain: false }
  if (known) return known.class
  const transient = TRANSIENT_TYPES.some(([from, to]) => from <= type && type <= to)
  if (transient && status?.AthenaError?.Retryable)
    return { code: 'AWS_UNAVAILABLE', sameStatementAgain: true }
  return { code: cancelledOr(status, 'QUERY_FAILED'), sameStatementAgain: false }
}

/** True for a failure that Athena may requeue by itself, so that FAILED is not yet its last word. */
export function mayBeRequeued(status: QueryExecution['Status']): boolean {
  return status?.State === 'FAILED' && classifyFailure(status).code === 'AWS_THROTTLED'
}

function cancelledOr(status: QueryExecution['Status'], code: ErrorCode): ErrorCode {
  return status?.State === 'CANCELLED' ? 'QUERY_CANCELLED' : code
}
