import { onlyOnTrino } from '../query-error.ts'
import type { SqlType } from '../types/sql-type.ts'
import type { FunctionRule } from './functions.ts'

const BIGINT: SqlType = { kind: 'bigint' }
const DATE: SqlType = { kind: 'date' }

/** Functions of dates and timestamps. */
export const MOMENT_FUNCTIONS: ReadonlyMap<string, FunctionRule> = new Map<string, FunctionRule>([
  ...['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'].map(part),
  ['day_of_week', { args: ['moment'], result: () => BIGINT, sql: ([arg = '']) => `isodow(${arg})` }],
  ['dow', { args: ['moment'], result: () => BIGINT, sql: ([arg = '']) => `isodow(${arg})` }],
  ['day_of_year', { args: ['moment'], result: () => BIGINT, sql: ([arg = '']) => `dayofyear(${arg})` }],
  ['doy', { args: ['moment'], result: () => BIGINT, sql: ([arg = '']) => `dayofyear(${arg})` }],
  ['date', { args: ['any'], result: () => DATE, sql: ([arg = '']) => `CAST(${arg} AS DATE)` }],
  ['current_date', { args: [], result: () => DATE, sql: () => 'CAST(now() AS DATE)' }],
  ['current_timestamp', { args: [], result: () => zoned(3), sql: () => `date_trunc('milliseconds', now())` }],
  ['now', { args: [], result: () => zoned(3), sql: () => `date_trunc('milliseconds', now())` }],
  [
    'localtimestamp',
    { args: [], result: () => plain(3), sql: () => `CAST(date_trunc('milliseconds', now()) AS TIMESTAMP)` },
  ],
  ['date_trunc', { args: ['text', 'moment'], result: second, sql: truncate }],
  [
    'date_add',
    {
      args: ['text', 'integer', 'moment'],
      result: types => types[2] ?? DATE,
      sql: ([unit = '', count = '', arg = ''], types) =>
        `CAST(${arg} + to_${unitOf(unit)}s(${count}) AS ${types[2]?.kind === 'date' ? 'DATE' : 'TIMESTAMP'})`,
    },
  ],
  [
    'date_diff',
    {
      args: ['text', 'moment', 'moment'],
      result: () => BIGINT,
      sql: ([unit = '', from = '', to = '']) => `date_sub('${unitOf(unit)}', ${from}, ${to})`,
    },
  ],
  [
    'from_unixtime',
    { args: ['number'], result: () => zoned(3), sql: ([arg = '']) => `to_timestamp(${arg})` },
  ],
  [
    'from_unixtime_nanos',
    { args: ['decimal'], result: () => zoned(9), sql: ([arg = '']) => `athena_from_unixtime_nanos(${arg})` },
  ],
  [
    'to_unixtime',
    { args: ['moment'], result: () => ({ kind: 'double' }), sql: ([arg = '']) => `epoch_us(${arg}) / 1e6` },
  ],
  [
    'from_iso8601_timestamp',
    {
      args: ['text'],
      result: () => zoned(3),
      sql: ([arg = '']) => `date_trunc('milliseconds', CAST(${arg} AS TIMESTAMPTZ))`,
    },
  ],
  ['from_iso8601_date', { args: ['text'], result: () => DATE, sql: ([arg = '']) => `CAST(${arg} AS DATE)` }],
])

function part(name: string): readonly [string, FunctionRule] {
  return [name, { args: ['moment'], result: () => BIGINT, sql: ([arg = '']) => `${name}(${arg})` }]
}

function plain(precision: number): SqlType {
  return { kind: 'timestamp', precision }
}

function zoned(precision: number): SqlType {
  return { kind: 'timestamptz', precision }
}

function second(types: readonly SqlType[]): SqlType {
  return types[1] ?? DATE
}

function truncate([unit = '', arg = '']: readonly string[], [, type]: readonly SqlType[]): string {
  const truncated = `date_trunc('${unitOf(unit)}', ${arg})`
  return type?.kind === 'date' ? `CAST(${truncated} AS DATE)` : truncated
}

const UNITS = ['millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year']

/** A unit must be a literal, or DuckDB could not be given the same one. */
function unitOf(literal: string): string {
  const unit = literal.replaceAll("'", '').toLowerCase()
  if (!UNITS.includes(unit)) throw onlyOnTrino(`The unit ${literal}`)
  return unit
}
