import { errorAt, onlyOnTrino, type Place } from '../query-error.ts'
import type { Call, Expression, SortItem } from '../sql/ast.ts'
import { duckdbType, isInteger, isNumeric, isText, printType, type SqlType } from '../types/sql-type.ts'
import { type ArgumentKind, type FunctionRule, findFunction } from './functions.ts'
import { MOMENT_FUNCTIONS } from './functions-moment.ts'
import { requireBoolean } from './require-type.ts'
import { joinOrigins, type Rendered } from './scope.ts'

type Render = (inner: Expression) => Rendered

/** Writes a call of a function from the closed list, its arguments checked. */
export function renderCall(expression: Extract<Expression, { kind: 'call' }>, render: Render): Rendered {
  const { call, place } = expression
  const rule = findFunction(call.name)
  if (!rule) throw onlyOnTrino(`The function ${call.name}`)
  const args = call.args.map(render)
  checkArguments(rule, call, args, place)
  const types = args.map(arg => arg.type)
  const type = rule.result(types)
  const origins = joinOrigins(...args.map(arg => arg.origins))
  if (typeof rule.sql === 'function') {
    requireScalar(call, place)
    const sql = rule.sql(
      args.map(arg => arg.sql),
      types,
    )
    return { sql: withResultType(sql, type), type, origins }
  }
  const isFloatingMax = rule.sql === 'max' && (type.kind === 'double' || type.kind === 'real')
  const aggregate = (isFloatingMax ? renderFloatingMax : renderAggregate)(rule.sql, call, args, render)
  return { sql: withResultType(aggregate.sql, type), type, origins: joinOrigins(origins, aggregate.origins) }
}

/** Results whose type DuckDB would choose differently are cast to Athena's. */
function withResultType(sql: string, type: SqlType): string {
  const isExact = isNumeric(type) || type.kind === 'date'
  return isExact ? `CAST(${sql} AS ${duckdbType(type)})` : sql
}

function checkArguments(rule: FunctionRule, call: Call, args: readonly Rendered[], place: Place): void {
  const required = rule.required ?? rule.args.length
  const isCountFine = args.length >= required && (rule.isVariadic || args.length <= rule.args.length)
  const fits = args.every((arg, index) => accepts(rule.args[index] ?? rule.args.at(-1) ?? 'any', arg.type))
  if ((isCountFine && fits) || (call.isStar && call.name === 'count')) return
  const printed = args.map(arg => printType(arg.type)).join(', ')
  throw errorAt('TYPE_MISMATCH', place, `Unexpected parameters (${printed}) for function ${call.name}`)
}

function accepts(kind: ArgumentKind, type: SqlType): boolean {
  if (kind === 'any' || type.kind === 'unknown') return true
  return ACCEPTED[kind](type)
}

const ACCEPTED: Readonly<Record<Exclude<ArgumentKind, 'any'>, (type: SqlType) => boolean>> = {
  text: isText,
  number: isNumeric,
  integer: isInteger,
  decimal: type => type.kind === 'decimal' || isInteger(type),
  boolean: type => type.kind === 'boolean',
  moment: type => ['date', 'timestamp', 'timestamptz', 'time'].includes(type.kind),
  binary: type => type.kind === 'varbinary',
  array: type => type.kind === 'array',
  collection: type => type.kind === 'array' || type.kind === 'map',
}

function requireScalar(call: Call, place: Place): void {
  if (!call.isDistinct && !call.filter && !call.over && call.orderBy.length === 0 && !call.isStar) return
  const kind = MOMENT_FUNCTIONS.has(call.name) ? 'date function' : 'function'
  throw errorAt(
    'SYNTAX_ERROR',
    place,
    `The scalar ${kind} ${call.name} takes no DISTINCT, FILTER, ORDER BY or OVER`,
  )
}

/** To DuckDB NaN is the largest number; Trino leaves it out while there is any other. */
function renderFloatingMax(
  name: string,
  call: Call,
  args: readonly Rendered[],
  render: Render,
): Pick<Rendered, 'sql' | 'origins'> {
  const numbers = args.map(arg => ({ ...arg, sql: `CASE WHEN NOT isnan(${arg.sql}) THEN ${arg.sql} END` }))
  const all = renderAggregate(name, call, args, render)
  return { ...all, sql: `coalesce(${renderAggregate(name, call, numbers, render).sql}, ${all.sql})` }
}

function renderAggregate(
  name: string,
  call: Call,
  args: readonly Rendered[],
  render: Render,
): Pick<Rendered, 'sql' | 'origins'> {
  const filter = call.filter ? render(call.filter) : undefined
  if (filter && call.filter) requireBoolean(filter, call.filter.place, 'Filter expression')
  const sorted = renderSort(call.orderBy, render)
  const over = call.over ? renderWindow(call.over, render) : undefined
  const inside = call.isStar ? '*' : args.map(arg => arg.sql).join(', ')
  const order = sorted.sql === '' ? '' : ` ${sorted.sql}`
  const sql = `${name}(${call.isDistinct ? 'DISTINCT ' : ''}${inside}${order})`
  return {
    sql: `${sql}${filter ? ` FILTER (WHERE ${filter.sql})` : ''}${over ? ` OVER (${over.sql})` : ''}`,
    origins: joinOrigins(
      ...[filter?.origins, sorted.origins, over?.origins].filter(origins => origins !== undefined),
    ),
  }
}

function renderWindow(window: NonNullable<Call['over']>, render: Render): Pick<Rendered, 'sql' | 'origins'> {
  const by = window.partitionBy.map(render)
  const sorted = renderSort(window.orderBy, render)
  const partition = by.length === 0 ? '' : `PARTITION BY ${by.map(one => one.sql).join(', ')}`
  return {
    sql: [partition, sorted.sql, window.frame].filter(part => part !== '').join(' '),
    origins: joinOrigins(sorted.origins, ...by.map(one => one.origins)),
  }
}

/** Writes ORDER BY with the place of NULLs spelled out; empty for no items. */
export function renderSort(items: readonly SortItem[], render: Render): Pick<Rendered, 'sql' | 'origins'> {
  const rendered = items.map(item => ({ item, value: render(item.by) }))
  const sql = rendered.map(
    ({ item, value }) =>
      `${value.sql} ${item.isDescending ? 'DESC' : 'ASC'} NULLS ${item.nullsFirst ? 'FIRST' : 'LAST'}`,
  )
  return {
    sql: sql.length === 0 ? '' : `ORDER BY ${sql.join(', ')}`,
    origins: joinOrigins(...rendered.map(({ value }) => value.origins)),
  }
}
