import { isQueryErrorName, QueryError, type QueryErrorName } from '../query-error.ts'
import type { TrinoFailure } from './client.ts'

/** Names that Athena has another word for. */
const OTHER_NAMES: ReadonlyMap<string, QueryErrorName> = new Map([
  ['ICEBERG_TOO_MANY_OPEN_PARTITIONS', 'HIVE_TOO_MANY_OPEN_PARTITIONS'],
  ['EXCEEDED_GLOBAL_MEMORY_LIMIT', 'EXCEEDED_LOCAL_MEMORY_LIMIT'],
])

/** Puts a failure of Trino into Athena's names; a name Athena's catalogue here lacks keeps its word in the message. */
export function toQueryError(failure: TrinoFailure, catalog: string): QueryError {
  const message = failure.message
    .replaceAll(`${catalog}_iceberg`, 'awsdatacatalog')
    .replaceAll(catalog, 'awsdatacatalog')
  const name = OTHER_NAMES.get(failure.errorName) ?? failure.errorName
  return new QueryError(isQueryErrorName(name) ? name : classOf(failure.errorType), `${name}: ${message}`)
}

function classOf(errorType: string): QueryErrorName {
  if (errorType === 'USER_ERROR') return 'GENERIC_USER_ERROR'
  return errorType === 'INSUFFICIENT_RESOURCES' ? 'EXCEEDED_LOCAL_MEMORY_LIMIT' : 'GENERIC_INTERNAL_ERROR'
}
