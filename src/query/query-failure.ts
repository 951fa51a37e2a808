import { accessDenied, type DeniedPlace, parseDenial } from '../domain/access-denied.ts'
import { type ErrorDetails, TransferError } from '../domain/errors.ts'
import { partitionOf } from '../domain/permission-policy.ts'
import type { QueryExecution } from './athena-port.ts'
import { classifyFailure } from './classify-failure.ts'

/** What a failure of a query is told with: the destination, its workgroup included. */
export type QueryPlace = DeniedPlace

/** The error for an execution that ended FAILED or CANCELLED. */
export function queryFailure(execution: QueryExecution, place: QueryPlace): TransferError {
  const { Status: status, QueryExecutionId: id = 'unknown' } = execution
  const reason = status?.StateChangeReason ?? status?.AthenaError?.ErrorMessage ?? 'no reason given'
  const { code, sameStatementAgain } = classifyFailure(status)
  const details = {
    queryExecutionId: id,
    terminal: true,
    sameStatementAgain,
    athenaErrorType: status?.AthenaError?.ErrorType ?? -1,
  }
  const denied = parseDenial(reason)
  if (denied) return withDetails(accessDenied(denied, place, new Error(reason)), details)
  return new TransferError(code, `destination "${place.name}": query ${id} ${status?.State}: ${reason}`, {
    details,
  })
}

function withDetails(error: TransferError, details: ErrorDetails): TransferError {
  const { code, message, cause, hint } = error
  return new TransferError(code, message, { cause, hint, details: { ...details, ...error.details } })
}

/** The error for a statement that Athena did not accept. */
export function refusedStart(thrown: unknown, place: QueryPlace): unknown {
  if (thrown instanceof TransferError || !(thrown instanceof Error)) return thrown
  if (thrown.name !== 'InvalidRequestException') return thrown
  const denied = parseDenial(thrown.message) ?? unverifiedBucket(thrown.message, place)
  if (denied) return accessDenied(denied, place, thrown)
  const code = /idempotent|clientRequestToken/i.test(thrown.message) ? 'INTERNAL' : 'DESTINATION_UNUSABLE'
  return new TransferError(
    code,
    `destination "${place.name}": workgroup "${place.workgroup}" refused the statement: ${thrown.message}`,
    { cause: thrown, details: { destination: place.name, workgroup: place.workgroup } },
  )
}

/** Athena's words when it may not ask where the bucket for results is; it does not name the right that it lacks. */
function unverifiedBucket(message: string, { bucket, region }: QueryPlace): ReturnType<typeof parseDenial> {
  if (!/Unable to verify\/create output bucket/.test(message) || /does not exist/.test(message))
    return undefined
  return { action: 's3:GetBucketLocation', resource: `arn:${partitionOf(region)}:s3:::${bucket}` }
}

/** True for the failure of an execution that is known to have ended. */
export function isEnded(thrown: unknown): boolean {
  return thrown instanceof TransferError && thrown.details.terminal === true
}

/** True when the same statement may be run again in a new token group. */
export function allowsAnotherGroup(thrown: unknown): boolean {
  return thrown instanceof TransferError && thrown.details.sameStatementAgain === true
}
