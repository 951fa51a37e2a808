import { isQueryErrorName, namedError, onlyOnTrino, type QueryError } from '../query-error.ts'

/** Turns DuckDB's message into Athena's; texts that our own macros fail to cast are Athena's already. */
export function toQueryError(message: string): QueryError {
  const [, kind = '', text = message] = /^([A-Za-z ]+ Error): ([\s\S]*)$/.exec(message) ?? []
  const own = /^Could not convert string '([\s\S]*)' to [A-Z0-9]+/.exec(text)?.[1] ?? ''
  const [, name = '', rest = ''] = /^([A-Z_]+): ([\s\S]*)$/.exec(own) ?? []
  if (isQueryErrorName(name)) return namedError(name, rest)
  const [line = ''] = text.split('\n')
  if (/More than one row returned by a subquery/.test(text)) {
    return namedError('SUBQUERY_MULTIPLE_ROWS', 'Scalar sub-query has returned multiple rows')
  }
  switch (kind) {
    case 'Conversion Error':
      return namedError('INVALID_CAST_ARGUMENT', line)
    case 'Out of Range Error':
      return namedError('NUMERIC_VALUE_OUT_OF_RANGE', line)
    case 'Out of Memory Error':
      return namedError('EXCEEDED_LOCAL_MEMORY_LIMIT', 'Query exhausted resources at this scale factor')
    case 'Parser Error':
    case 'Binder Error':
    case 'Catalog Error':
    case 'Not implemented Error':
      return onlyOnTrino(`What this statement does (${line})`)
    default:
      return namedError('GENERIC_INTERNAL_ERROR', message)
  }
}
