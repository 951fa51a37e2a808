import type { SqlType } from '../types/sql-type.ts'
import { AGGREGATES } from './functions-aggregate.ts'
import { MOMENT_FUNCTIONS } from './functions-moment.ts'
import { SCALAR_FUNCTIONS } from './functions-scalar.ts'

/** What an argument of a function may be. */
export type ArgumentKind =
  | 'any'
  | 'text'
  | 'number'
  | 'integer'
  | 'decimal'
  | 'boolean'
  | 'moment'
  | 'binary'
  | 'array'
  | 'collection'

/** A function this engine runs with Athena's meaning. */
export interface FunctionRule {
  /** Kinds of the arguments; those behind `required` may be left out. */
  readonly args: readonly ArgumentKind[]
  readonly required?: number
  /** The last kind may be repeated. */
  readonly isVariadic?: boolean
  readonly isAggregate?: boolean
  readonly result: (types: readonly SqlType[]) => SqlType
  /** DuckDB's text of a scalar function; for an aggregate or window function its DuckDB name is used instead. */
  readonly sql: string | ((args: readonly string[], types: readonly SqlType[]) => string)
}

/** Finds a function by its name in lower case; functions outside this closed list are refused. */
export function findFunction(name: string): FunctionRule | undefined {
  return AGGREGATES.get(name) ?? SCALAR_FUNCTIONS.get(name) ?? MOMENT_FUNCTIONS.get(name)
}
