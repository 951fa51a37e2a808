/**
 * What DuckDB must be told before a statement runs, so that its functions fail and answer as Athena's do.
 *
 * A macro fails by casting a text that is Athena's message, which the engine lifts back out: DuckDB's own `error()` cannot
 * stand inside of TRY.
 */
export const MACROS: readonly string[] = [
  macro(
    'athena_divide(a, b)',
    `CASE WHEN b = 0 THEN CAST('DIVISION_BY_ZERO: Division by zero' AS INTEGER) ELSE a // b END`,
  ),
  macro(
    'athena_modulo(a, b)',
    `CASE WHEN b = 0 THEN CAST('DIVISION_BY_ZERO: Division by zero' AS INTEGER) ELSE a % b END`,
  ),
  macro(
    'athena_divide_decimal(a, b)',
    `CASE WHEN b = 0 THEN CAST('DIVISION_BY_ZERO: Division by zero' AS DOUBLE)
     ELSE CAST(a AS DOUBLE) / CAST(b AS DOUBLE) END`,
  ),
  macro(
    'athena_integer_text(x, name)',
    `CASE WHEN x IS NULL OR regexp_full_match(x, '[+-]?[0-9]+') THEN x
     ELSE CAST(CAST('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to ' || name AS INTEGER) AS VARCHAR) END`,
  ),
  macro(
    'athena_from_unixtime_nanos(x)',
    // DuckDB divides decimals as DOUBLE, even by its integer division: the hugeint keeps every digit.
    `make_timestamptz(CASE WHEN CAST(x AS HUGEINT) % 1000 <> 0
     THEN CAST('NOT_SUPPORTED: The DuckDB engine of the stand-in keeps microseconds, not nanoseconds' AS BIGINT)
     ELSE CAST(CAST(x AS HUGEINT) // 1000 AS BIGINT) END)`,
  ),
  macro(
    'athena_substr(x, start, length)',
    `CASE WHEN start = 0 OR length <= 0 OR abs(start) > length(x) THEN CASE WHEN x IS NULL THEN NULL ELSE '' END
     ELSE substr(x, CASE WHEN start < 0 THEN length(x) + start + 1 ELSE start END, length) END`,
  ),
  macro(
    'athena_text_boolean(x)',
    `CASE WHEN x IS NULL THEN NULL WHEN lower(x) IN ('true', 't', '1') THEN true WHEN lower(x) IN ('false', 'f', '0') THEN false
     ELSE CAST('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to BOOLEAN' AS BOOLEAN) END`,
  ),
]

function macro(signature: string, body: string): string {
  return `CREATE MACRO ${signature} AS ${body}`
}
