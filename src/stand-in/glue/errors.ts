import { AwsError } from '../services.ts'

/** Glue answers all of its own errors with 400. */
export function entityNotFound(message: string): AwsError {
  return new AwsError('EntityNotFoundException', 400, message)
}

/** The error for a database, table or partition that is there already. */
export function alreadyExists(kind: string): AwsError {
  return new AwsError('AlreadyExistsException', 400, `${kind} already exists.`)
}

/** The error for a request that Glue cannot take as it is. */
export function invalidInput(message: string): AwsError {
  return new AwsError('InvalidInputException', 400, message)
}

/** The error for an update that builds on an old version of the table. */
export function concurrentModification(): AwsError {
  return new AwsError(
    'ConcurrentModificationException',
    400,
    'Update table failed due to concurrent modifications.',
  )
}

/** The error past one of Glue's quotas. */
export function resourceLimit(): AwsError {
  return new AwsError(
    'ResourceNumberLimitExceededException',
    400,
    'Number of resources exceeds the limit for this account.',
  )
}
