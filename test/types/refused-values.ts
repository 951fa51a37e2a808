/** A value that does not fit: how NDJSON spells it, and what is said of it. */
export interface RefusedValue {
  readonly type: string
  readonly ndjson: string
  /** Why, as told with file, line and column. */
  readonly reason: string
  /** Where inside of a nested value of the column `c`. */
  readonly path?: string
}

const STRUCT = 'struct<sku: string, price: decimal(38,9)>'

/** What each type refuses just outside of its borders; nothing is rounded, cut or coerced to fit. */
export const REFUSED_VALUES: readonly RefusedValue[] = [
  { type: 'boolean', ndjson: '1', reason: 'is not true or false' },
  { type: 'integer', ndjson: '2147483648', reason: 'is outside of -2147483648 to 2147483647' },
  { type: 'integer', ndjson: '1.5', reason: 'has a fraction' },
  {
    type: 'bigint',
    ndjson: '-9223372036854775809',
    reason: 'is outside of -9223372036854775808 to 9223372036854775807',
  },
  { type: 'bigint', ndjson: `"${'0'.repeat(20_000_000)}"`, reason: 'is longer than any bigint' },
  { type: 'bigint', ndjson: 'true', reason: 'is not a whole number' },
  { type: 'decimal(20,0)', ndjson: '100000000000000000000', reason: 'has too many digits for decimal(20,0)' },
  { type: 'decimal(38,0)', ndjson: '1e38', reason: 'has too many digits for decimal(38,0)' },
  {
    type: 'decimal(38,9)',
    ndjson: '0.0000000001',
    reason: 'has more than 9 digits after the point of decimal(38,9)',
  },
  {
    type: 'decimal(38,9)',
    ndjson: '100000000000000000000000000000',
    reason: 'has too many digits for decimal(38,9)',
  },
  { type: 'decimal(38,38)', ndjson: '1', reason: 'has too many digits for decimal(38,38)' },
  { type: 'decimal(38,9)', ndjson: '"NaN"', reason: 'is not a decimal(38,9)' },
  { type: 'float', ndjson: '3.5e38', reason: 'is too large for a float' },
  { type: 'double', ndjson: '1.8e308', reason: 'is too large for a double' },
  { type: 'string', ndjson: '"\\ud800"', reason: 'holds half of a surrogate pair, which is no character' },
  { type: 'string', ndjson: '7', reason: 'is a JSON number, not a string' },
  { type: 'json', ndjson: '"{"', reason: 'is not JSON' },
  {
    type: 'uuid',
    ndjson: '"0123"',
    reason: 'is not a UUID of 8-4-4-4-12 hexadecimal digits',
  },
  {
    type: 'time',
    ndjson: '"24:00:00"',
    reason: 'is not a time HH:MM:SS with at most 6 digits of fraction',
  },
  { type: 'bytes', ndjson: '"AA=A"', reason: 'is not base64' },
  { type: 'date', ndjson: '"2023-02-29"', reason: 'is not a date YYYY-MM-DD from 0001-01-01 on' },
  { type: 'date', ndjson: '"10000-01-01"', reason: 'is not a date YYYY-MM-DD from 0001-01-01 on' },
  {
    type: 'timestamp',
    ndjson: '"2026-01-01T00:00:00.0000001Z"',
    reason: 'has more than 6 digits after the second',
  },
  {
    type: 'timestamp',
    ndjson: '"0001-01-01T00:00:00+01:00"',
    reason: 'is outside of the years 0001 to 9999 in UTC',
  },
  {
    type: 'timestamp',
    ndjson: '"9999-12-31T23:59:59-01:00"',
    reason: 'is outside of the years 0001 to 9999 in UTC',
  },
  { type: 'list<integer>', ndjson: '7', reason: 'is a JSON number, not a list' },
  {
    type: 'list<integer>',
    ndjson: '{"a":1}',
    reason: 'is not a JSON list: expected "[" at character 1, found "{"',
  },
  { type: 'list<integer>', ndjson: '[1, 2, 3.5]', path: 'c[2]', reason: 'has a fraction' },
  {
    type: `list<${STRUCT}>`,
    ndjson: '[{"price": 1}, {"price": "12,5"}]',
    path: 'c[1].price',
    reason: 'is not a decimal(38,9)',
  },
  {
    type: STRUCT,
    ndjson: '{"sku": "s", "colour": "red"}',
    path: 'c.colour',
    reason: 'is a member that the model does not declare',
  },
  {
    type: STRUCT,
    ndjson: '{"sku": "s", "unit price": null}',
    path: 'c."unit price"',
    reason: 'is a member that the model does not declare',
  },
  {
    type: STRUCT,
    ndjson: '{"sku": "s", "sku": "t"}',
    reason: 'is not a JSON object: key "sku" occurs twice',
  },
  {
    type: 'map<string, list<timestamp>>',
    ndjson: '{"a b": [null, "2026-02-30"]}',
    path: 'c["a b"][1]',
    reason: 'is not an ISO 8601 timestamp of the years 0001 to 9999',
  },
  {
    type: 'map<integer, string>',
    ndjson: '{"1": "a", "1.0": "b"}',
    path: 'c["1.0"]',
    reason: 'is a key that occurred before',
  },
  {
    type: 'map<integer, string>',
    ndjson: '{"x": "a"}',
    path: 'c["x"]',
    reason: 'as a key is not a whole number',
  },
  {
    type: 'map<integer, string>',
    ndjson: '[{"key": null, "value": "a"}]',
    path: 'c[null]',
    reason: 'is NULL as a key',
  },
  {
    type: 'map<string, string>',
    ndjson: '{"\\udc00": "a"}',
    path: 'c["\\udc00"]',
    reason: 'as a key holds half of a surrogate pair, which is no character',
  },
]
