import { AwsError } from '../../services.ts'
import { QUERY_ERRORS, QueryError } from '../query-error.ts'
import type { Failure } from './executions.ts'

/** Puts whatever ended a query into Athena's numbers and words. */
export function toFailure(error: unknown): Failure {
  const known = error instanceof AwsError ? fromAwsError(error) : error
  const failed = known instanceof QueryError ? known : unexpected(known)
  const traits = QUERY_ERRORS[failed.code]
  return {
    category: traits.category,
    type: traits.type,
    retryable: traits.retryable,
    message: failed.message,
  }
}

function fromAwsError(error: AwsError): QueryError {
  switch (error.code) {
    case 'AccessDenied':
    case 'AccessDeniedException':
      return new QueryError(
        'PERMISSION_DENIED',
        `Insufficient permissions to execute the query. ${error.message}`,
      )
    case 'NoSuchBucket':
      return new QueryError('INVALID_BUCKET', `INVALID_BUCKET: ${error.message}`)
    case 'EntityNotFoundException':
      return new QueryError('SCHEMA_NOT_FOUND', `SCHEMA_NOT_FOUND: ${error.message}`)
    case 'InvalidInputException':
    case 'AlreadyExistsException':
      return new QueryError('GENERIC_USER_ERROR', `GENERIC_USER_ERROR: ${error.message}`)
    case 'SlowDown':
    case 'ThrottlingException':
      return new QueryError('SLOW_DOWN', `${error.code}: ${error.message}`)
    default:
      return new QueryError(
        'GENERIC_INTERNAL_ERROR',
        `GENERIC_INTERNAL_ERROR: ${error.code}: ${error.message}`,
      )
  }
}

function unexpected(error: unknown): QueryError {
  const message = error instanceof Error ? error.message : String(error)
  return new QueryError('GENERIC_INTERNAL_ERROR', `GENERIC_INTERNAL_ERROR: ${message}`, { cause: error })
}
