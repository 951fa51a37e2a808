import { onlyOnTrino } from '../query-error.ts'
import type { SqlType } from '../types/sql-type.ts'
import type { ArgumentKind, FunctionRule } from './functions.ts'

const BIGINT: SqlType = { kind: 'bigint' }
const DOUBLE: SqlType = { kind: 'double' }
const BOOLEAN: SqlType = { kind: 'boolean' }

/** Aggregates and window functions; each may carry DISTINCT, FILTER, ORDER BY and OVER. */
export const AGGREGATES: ReadonlyMap<string, FunctionRule> = new Map([
  ['count', aggregate(['any'], () => BIGINT, 'count', 0)],
  ['count_if', aggregate(['boolean'], () => BIGINT, 'count_if')],
  ['sum', aggregate(['number'], ([type]) => sumType(type), 'sum')],
  ['avg', aggregate(['number'], ([type]) => averageType(type), 'avg')],
  ['min', aggregate(['any'], first, 'min')],
  ['max', aggregate(['any'], first, 'max')],
  ['min_by', aggregate(['any', 'any'], first, 'min_by')],
  ['max_by', aggregate(['any', 'any'], first, 'max_by')],
  ['bool_and', aggregate(['boolean'], () => BOOLEAN, 'bool_and')],
  ['every', aggregate(['boolean'], () => BOOLEAN, 'bool_and')],
  ['bool_or', aggregate(['boolean'], () => BOOLEAN, 'bool_or')],
  ['arbitrary', aggregate(['any'], first, 'any_value')],
  ['any_value', aggregate(['any'], first, 'any_value')],
  ['array_agg', aggregate(['any'], ([type]) => ({ kind: 'array', element: type ?? BIGINT }), 'list')],
  ['approx_distinct', aggregate(['any'], () => BIGINT, 'approx_count_distinct')],
  ['stddev', aggregate(['number'], () => DOUBLE, 'stddev')],
  ['variance', aggregate(['number'], () => DOUBLE, 'variance')],
  ['row_number', aggregate([], () => BIGINT, 'row_number')],
  ['rank', aggregate([], () => BIGINT, 'rank')],
  ['dense_rank', aggregate([], () => BIGINT, 'dense_rank')],
  ['ntile', aggregate(['integer'], () => BIGINT, 'ntile')],
  ['first_value', aggregate(['any'], first, 'first_value')],
  ['last_value', aggregate(['any'], first, 'last_value')],
  ['lag', aggregate(['any', 'integer', 'any'], first, 'lag', 1)],
  ['lead', aggregate(['any', 'integer', 'any'], first, 'lead', 1)],
])

function aggregate(
  args: readonly ArgumentKind[],
  result: FunctionRule['result'],
  sql: string,
  required = args.length,
): FunctionRule {
  return { args, required, result, sql, isAggregate: true }
}

function first(types: readonly SqlType[]): SqlType {
  return types[0] ?? { kind: 'unknown' }
}

function sumType(type: SqlType | undefined): SqlType {
  if (type?.kind === 'decimal') return { kind: 'decimal', precision: 38, scale: type.scale }
  return type?.kind === 'double' || type?.kind === 'real' ? type : BIGINT
}

function averageType(type: SqlType | undefined): SqlType {
  if (type?.kind !== 'decimal') return type?.kind === 'real' ? type : DOUBLE
  if (type.precision > 15) throw onlyOnTrino('avg of a decimal of more than 15 digits')
  return type
}
