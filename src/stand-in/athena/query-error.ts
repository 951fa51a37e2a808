/** Whose fault a failed query is, in Athena's numbers: 1 system, 2 user, 3 other. */
export type ErrorCategory = 1 | 2 | 3

interface ErrorTraits {
  readonly category: ErrorCategory
  readonly type: number
  readonly retryable: boolean
}

/**
 * How Athena numbers the failures this stand-in can name; the numbers come from Athena's public error catalogue.
 * A name that is absent counts as a user error of type 1301.
 */
export const QUERY_ERRORS = {
  SYNTAX_ERROR: { category: 2, type: 1006, retryable: false },
  COLUMN_NOT_FOUND: { category: 2, type: 1006, retryable: false },
  TYPE_MISMATCH: { category: 2, type: 1006, retryable: false },
  MISSING_COLUMN_NAME: { category: 2, type: 1006, retryable: false },
  DUPLICATE_COLUMN_NAME: { category: 2, type: 1006, retryable: false },
  AMBIGUOUS_NAME: { category: 2, type: 1006, retryable: false },
  EXPRESSION_NOT_SCALAR: { category: 2, type: 1006, retryable: false },
  SCHEMA_NOT_FOUND: { category: 2, type: 1301, retryable: false },
  TABLE_NOT_FOUND: { category: 2, type: 1301, retryable: false },
  TABLE_ALREADY_EXISTS: { category: 2, type: 1301, retryable: false },
  CATALOG_NOT_FOUND: { category: 2, type: 1301, retryable: false },
  COLUMN_ALREADY_EXISTS: { category: 2, type: 1301, retryable: false },
  FUNCTION_NOT_FOUND: { category: 2, type: 1303, retryable: false },
  NOT_SUPPORTED: { category: 2, type: 1200, retryable: false },
  INVALID_TABLE_PROPERTY: { category: 2, type: 1200, retryable: false },
  PERMISSION_DENIED: { category: 2, type: 1500, retryable: false },
  INVALID_BUCKET: { category: 2, type: 1306, retryable: false },
  HIVE_BAD_DATA: { category: 2, type: 1100, retryable: false },
  HIVE_PATH_ALREADY_EXISTS: { category: 2, type: 1100, retryable: false },
  HIVE_TOO_MANY_OPEN_PARTITIONS: { category: 2, type: 1100, retryable: false },
  MERGE_TARGET_ROW_MULTIPLE_MATCHES: { category: 2, type: 1301, retryable: false },
  CONSTRAINT_VIOLATION: { category: 2, type: 1301, retryable: false },
  DIVISION_BY_ZERO: { category: 2, type: 1301, retryable: false },
  NUMERIC_VALUE_OUT_OF_RANGE: { category: 2, type: 1301, retryable: false },
  INVALID_ARGUMENTS: { category: 2, type: 1301, retryable: false },
  INVALID_CAST_ARGUMENT: { category: 2, type: 1301, retryable: false },
  INVALID_FUNCTION_ARGUMENT: { category: 2, type: 1301, retryable: false },
  SUBQUERY_MULTIPLE_ROWS: { category: 2, type: 1301, retryable: false },
  ICEBERG_COMMIT_ERROR: { category: 2, type: 233, retryable: true },
  ICEBERG_FILESYSTEM_ERROR: { category: 2, type: 233, retryable: false },
  ICEBERG_INVALID_METADATA: { category: 2, type: 233, retryable: false },
  ICEBERG_BAD_DATA: { category: 2, type: 233, retryable: false },
  EXCEEDED_LOCAL_MEMORY_LIMIT: { category: 2, type: 4, retryable: false },
  GENERIC_USER_ERROR: { category: 2, type: 1301, retryable: false },
  GENERIC_INTERNAL_ERROR: { category: 1, type: 100, retryable: true },
  SLOW_DOWN: { category: 2, type: 1602, retryable: true },
} as const satisfies Record<string, ErrorTraits>

/** The names that {@link QueryError} takes. */
export type QueryErrorName = keyof typeof QUERY_ERRORS

/** Where in the statement something is, counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A query that ends FAILED; the message is what Athena shows as `StateChangeReason`. */
export class QueryError extends Error {
  readonly code: QueryErrorName

  constructor(code: QueryErrorName, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.name = 'QueryError'
    this.code = code
  }
}

/** Builds an error that begins with its name and place: `TABLE_NOT_FOUND: line 1:15: …`. */
export function errorAt(code: QueryErrorName, place: Place, message: string): QueryError {
  return new QueryError(code, `${code}: line ${place.line}:${place.column}: ${message}`)
}

/** Builds an error that begins with its name alone. */
export function namedError(code: QueryErrorName, message: string): QueryError {
  return new QueryError(code, `${code}: ${message}`)
}

/** Refuses what real Athena may accept but neither engine imitates. */
export function notImitated(what: string): QueryError {
  return namedError('NOT_SUPPORTED', `${what} is not supported by the stand-in`)
}

/** What the DuckDB engine refuses and the Trino engine runs. */
export class OnlyOnTrino extends QueryError {
  constructor(what: string) {
    const message = `${what} is not supported by the DuckDB engine of the stand-in; start with --engine trino`
    super('NOT_SUPPORTED', `NOT_SUPPORTED: ${message}`)
    this.name = 'OnlyOnTrino'
  }
}

/** Refuses what this engine leaves to the other one. */
export function onlyOnTrino(what: string): OnlyOnTrino {
  return new OnlyOnTrino(what)
}

/** True for a name of {@link QUERY_ERRORS}. */
export function isQueryErrorName(name: string): name is QueryErrorName {
  return Object.hasOwn(QUERY_ERRORS, name)
}
