/** One value at a border of its type: how sources spell it, and what readers must get. */
export interface BorderValue {
  readonly type: string
  /** What the report calls it. */
  readonly name: string
  /** As it stands in a row of NDJSON. */
  readonly ndjson?: string
  /** As it stands in a row of CSV, quotes included. */
  readonly csv?: string
  /** DuckDB's expression of it, for a Parquet file with the type of `PARQUET_TYPES`. */
  readonly parquet?: string
  /** Athena's text of it; `null` is NULL. */
  readonly athena: string | null
  /** The text of what PyIceberg reads, where it is spelled otherwise. */
  readonly iceberg?: string
}

/** The types that Parquet source files have for a declared type. */
export const PARQUET_TYPES: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  'decimal(20,0)': 'UBIGINT',
  'decimal(38,0)': 'DECIMAL(38,0)',
  'decimal(38,9)': 'DECIMAL(38,9)',
  'decimal(38,38)': 'DECIMAL(38,38)',
  float: 'FLOAT',
  double: 'DOUBLE',
  string: 'VARCHAR',
  json: 'STRUCT(a DECIMAL(38,9), b BIGINT[])',
  uuid: 'UUID',
  time: 'TIME',
  bytes: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  'list<integer>': 'INTEGER[]',
  'list<double>': 'DOUBLE[]',
  'list<string>': 'VARCHAR[]',
  'list<bytes>': 'BLOB[]',
  'list<timestamp>': 'TIMESTAMP[]',
  'list<list<date>>': 'DATE[][]',
  'map<string, decimal(38,9)>': 'MAP(VARCHAR, DECIMAL(38,9))',
  'map<integer, list<string>>': 'MAP(INTEGER, VARCHAR[])',
  'map<timestamp, boolean>': 'MAP(TIMESTAMP, BOOLEAN)',
}

const NESTED_STRUCT =
  'struct<sku: string, "Unit Price": decimal(38,9), 2024: bigint, timestamp: timestamp, tags: map<string, list<timestamp>>>'

/** Lists in structs, as deep as a type may be. */
const DEEPEST = `${'list<struct<x: '.repeat(7)}list<timestamp>${'>>'.repeat(7)}`

const wrapped = (open: string, value: string, close: string): string =>
  `${open.repeat(7)}${value}${close.repeat(7)}`

const integers = (type: string, ...texts: readonly string[]): readonly BorderValue[] =>
  texts.map(text => ({ type, name: text, ndjson: text, csv: text, parquet: text, athena: text }))

const decimals = (type: string, ...texts: readonly string[]): readonly BorderValue[] =>
  texts.map(text => ({
    type,
    name: text,
    ndjson: text,
    csv: `"${text}"`,
    parquet: `'${text}'::${PARQUET_TYPES[type]}`,
    athena: text,
  }))

interface Floating {
  readonly name: string
  readonly ndjson: string
  readonly athena: string
  readonly iceberg: string
}

const floatings = (type: 'float' | 'double', ...values: readonly Floating[]): readonly BorderValue[] =>
  values.map(value => {
    const text = value.ndjson.replaceAll('"', '')
    return { type, ...value, csv: text, parquet: `'${text}'::${type.toUpperCase()}` }
  })

const moments = (
  type: 'date' | 'timestamp',
  values: Readonly<Record<string, string>>,
): readonly BorderValue[] =>
  Object.entries(values).map(([text, athena]) => ({
    type,
    name: text,
    ndjson: `"${text}"`,
    csv: text,
    parquet: `${type === 'date' ? 'DATE' : 'TIMESTAMP'} '${athena}'`,
    athena,
  }))

const NOT_FINITE = [
  { name: 'NaN', ndjson: '"NaN"', athena: 'NaN', iceberg: 'nan' },
  { name: 'Infinity', ndjson: '"Infinity"', athena: 'Infinity', iceberg: 'inf' },
  { name: '-Infinity', ndjson: '"-Infinity"', athena: '-Infinity', iceberg: '-inf' },
  { name: '-0', ndjson: '-0', athena: '-0.0', iceberg: '-0.0' },
  { name: '-0.0', ndjson: '-0.0', athena: '-0.0', iceberg: '-0.0' },
  { name: '0', ndjson: '0', athena: '0.0', iceberg: '0.0' },
  { name: '0.1', ndjson: '0.1', athena: '0.1', iceberg: '0.1' },
] as const satisfies readonly Floating[]

const texts = (values: Readonly<Record<string, string>>): readonly BorderValue[] =>
  Object.entries(values).map(([name, text]) => ({
    type: 'string',
    name,
    ndjson: JSON.stringify(text),
    csv: `"${text.replaceAll('"', '""')}"`,
    parquet: `decode(from_base64('${Buffer.from(text).toString('base64')}'))`,
    athena: text,
  }))

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

const bytes = (values: Readonly<Record<string, Buffer>>): readonly BorderValue[] =>
  Object.entries(values).map(([name, value]) => ({
    type: 'bytes',
    name,
    ndjson: JSON.stringify(value.toString('base64')),
    csv: `"${value.toString('base64')}"`,
    parquet: `from_base64('${value.toString('base64')}')`,
    athena: spacedHex(value),
  }))

function spacedHex(value: Buffer): string {
  return (value.toString('hex').match(/../g) ?? []).join(' ')
}

interface Nested {
  readonly name: string
  readonly json: string
  readonly parquet?: string
  readonly athena: string
  readonly iceberg?: string
}

const nested = (type: string, ...values: readonly Nested[]): readonly BorderValue[] =>
  values.map(({ json, ...value }) => ({
    type,
    ...value,
    ndjson: json,
    csv: `"${json.replaceAll('"', '""')}"`,
  }))

/** Every type with the values at its borders. */
export const BORDER_VALUES: readonly BorderValue[] = [
  { type: 'boolean', name: 'true', ndjson: 'true', csv: 'true', parquet: 'true', athena: 'true' },
  { type: 'boolean', name: 'FALSE', ndjson: '"FALSE"', csv: 'FALSE', parquet: 'false', athena: 'false' },
  { type: 'boolean', name: 'NULL', ndjson: 'null', csv: '', parquet: 'NULL', athena: null },
  ...integers('integer', '-2147483648', '0', '2147483647'),
  { type: 'integer', name: '-0', ndjson: '-0', csv: '-0', athena: '0' },
  { type: 'integer', name: '1.50e1 hundred', ndjson: '1.5e3', csv: '1.5e3', athena: '1500' },
  ...integers('bigint', '-9223372036854775808', '9007199254740993', '9223372036854775807'),
  ...integers('decimal(20,0)', '0', '18446744073709551615'),
  ...decimals(
    'decimal(38,0)',
    '-99999999999999999999999999999999999999',
    '99999999999999999999999999999999999999',
  ),
  ...decimals(
    'decimal(38,9)',
    '-99999999999999999999999999999.999999999',
    '-0.000000001',
    '0.000000000',
    '9007199254740993.000000001',
    '99999999999999999999999999999.999999999',
  ),
  ...decimals('decimal(38,38)', `-0.${'9'.repeat(38)}`, `0.${'0'.repeat(37)}1`),
  { type: 'decimal(38,9)', name: '1.5E+2', ndjson: '1.5E+2', csv: '1.5E+2', athena: '150.000000000' },
  ...floatings(
    'float',
    ...NOT_FINITE,
    { name: 'largest', ndjson: '3.4028235e38', athena: '3.4028235E38', iceberg: '3.4028235e+38' },
    { name: 'smallest', ndjson: '1.4e-45', athena: '1.4E-45', iceberg: '1e-45' },
    {
      name: 'just above a half',
      ndjson: '1.00000017881393432617187499',
      athena: '1.0000001',
      iceberg: '1.0000001',
    },
  ),
  ...floatings(
    'double',
    ...NOT_FINITE,
    {
      name: 'largest',
      ndjson: '1.7976931348623157e308',
      athena: '1.7976931348623157E308',
      iceberg: '1.7976931348623157e+308',
    },
    { name: 'smallest', ndjson: '4.9e-324', athena: '4.9E-324', iceberg: '5e-324' },
    {
      name: '2^53 + 1, to the nearest',
      ndjson: '9007199254740993',
      athena: '9.007199254740992E15',
      iceberg: '9007199254740992.0',
    },
  ),
  ...texts({
    'NUL within': 'a\u0000b',
    'NUL alone': '\u0000',
    'four bytes': '🦆𝄞',
    'quotes, comma, lines': 'a "b", \'c\'\r\n\td\\',
    'looks like NULL': 'null',
    'looks like a number': '1.50',
    'line separators': '\u2028\u0085\ufeff',
    'largest characters': '\uffff\u{10ffff}',
    blanks: '  ',
  }),
  { type: 'string', name: 'empty', ndjson: '""', csv: '""', parquet: "''", athena: '' },
  { type: 'string', name: 'NULL', ndjson: 'null', csv: '', parquet: 'NULL', athena: null },
  {
    type: 'string',
    name: 'unpaired, escaped backslash',
    ndjson: '"\\\\ud800"',
    csv: '"\\ud800"',
    athena: '\\ud800',
  },
  {
    type: 'json',
    name: 'number beyond 2^53',
    ndjson: '12345678901234567890.1234567890',
    csv: '12345678901234567890.1234567890',
    athena: '12345678901234567890.1234567890',
  },
  {
    type: 'json',
    name: 'spelling',
    ndjson: '{"b" : [1.50,-0, 1E5], "a":"\\u00e9", "a":null}',
    csv: '"{""b"" : [1.50,-0, 1E5], ""a"":""\\u00e9"", ""a"":null}"',
    athena: '{"b" : [1.50,-0, 1E5], "a":"\\u00e9", "a":null}',
  },
  { type: 'json', name: 'text that is null', ndjson: '"null"', csv: 'null', athena: 'null' },
  { type: 'json', name: 'NULL', ndjson: 'null', csv: '', parquet: 'NULL', athena: null },
  {
    type: 'json',
    name: 'numbers of a Parquet struct',
    parquet: '{a: 12345678901234567890.123456789, b: [9007199254740993]}',
    athena: '{"a":12345678901234567890.123456789,"b":[9007199254740993]}',
  },
  {
    type: 'uuid',
    name: 'both cases',
    ndjson: '"01234567-89ab-cdef-0123-456789ABCDEF"',
    csv: '01234567-89ab-cdef-0123-456789ABCDEF',
    athena: '01234567-89ab-cdef-0123-456789ABCDEF',
  },
  {
    type: 'uuid',
    name: 'largest',
    ndjson: '"ffffffff-ffff-ffff-ffff-ffffffffffff"',
    csv: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    parquet: "UUID 'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    athena: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  },
  {
    type: 'time',
    name: 'last of a day',
    ndjson: '"23:59:59.999999"',
    csv: '23:59:59.999999',
    parquet: "TIME '23:59:59.999999'",
    athena: '23:59:59.999999',
  },
  ...bytes({ empty: Buffer.of(), 'NUL, backslash, 255': Buffer.of(0, 92, 255), all: ALL_BYTES }),
  ...moments('date', {
    '0001-01-01': '0001-01-01',
    '1582-10-10': '1582-10-10',
    '1969-12-31': '1969-12-31',
    '2024-02-29': '2024-02-29',
    '9999-12-31': '9999-12-31',
  }),
  ...moments('timestamp', {
    '0001-01-01T00:00:00Z': '0001-01-01 00:00:00.000000',
    '0001-01-01T01:00:00.000001+01:00': '0001-01-01 00:00:00.000001',
    '1582-10-10 12:00:00': '1582-10-10 12:00:00.000000',
    '1969-12-31T23:59:59.999999Z': '1969-12-31 23:59:59.999999',
    '2026-03-29T02:30:00': '2026-03-29 02:30:00.000000',
    '9999-12-31T23:59:59.999999000Z': '9999-12-31 23:59:59.999999',
    '9999-12-31T09:59:59.999999-14:00': '9999-12-31 23:59:59.999999',
  }),
  ...nested(
    'list<integer>',
    { name: 'empty', json: '[]', parquet: '[]', athena: '[]' },
    {
      name: 'NULL within',
      json: '[ -2147483648, null,2147483647 ]',
      parquet: '[-2147483648, NULL, 2147483647]',
      athena: '[-2147483648, null, 2147483647]',
    },
    { name: 'NULL alone', json: '[null]', parquet: '[NULL]', athena: '[null]' },
  ),
  { type: 'list<integer>', name: 'NULL', ndjson: 'null', csv: '', parquet: 'NULL', athena: null },
  ...nested('list<double>', {
    name: 'borders',
    json: '[-0, -0.0, 0, "NaN", "-Infinity", 4.9e-324, 0.1]',
    parquet: "['-0.0', '-0.0', '0', 'NaN', '-Infinity', '4.9e-324', '0.1']",
    athena: '[-0.0, -0.0, 0.0, NaN, -Infinity, 4.9E-324, 0.1]',
    iceberg: '[-0.0, -0.0, 0.0, nan, -inf, 5e-324, 0.1]',
  }),
  ...nested('list<string>', {
    name: 'texts',
    json: '["", "a\\u0000b", "🦆", "1.50", "\\"\\\\", null]',
    parquet: `['', 'a' || chr(0) || 'b', '🦆', '1.50', '"\\', NULL]`,
    athena: '[, a\u0000b, 🦆, 1.50, "\\, null]',
  }),
  ...nested('list<bytes>', {
    name: 'bytes',
    json: `["", "${ALL_BYTES.toString('base64')}", null]`,
    parquet: `[''::BLOB, from_base64('${ALL_BYTES.toString('base64')}'), NULL]`,
    athena: `[, ${spacedHex(ALL_BYTES)}, null]`,
  }),
  ...nested('list<timestamp>', {
    name: 'first and last',
    json: '["0001-01-01T00:00:00Z", null, "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"]',
    parquet:
      "[TIMESTAMP '0001-01-01', NULL, TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP '9999-12-31 23:59:59.999999']",
    athena: '[0001-01-01 00:00:00.000000, null, 1969-12-31 23:59:59.999999, 9999-12-31 23:59:59.999999]',
  }),
  ...nested('list<list<date>>', {
    name: 'lists within',
    json: '[[], null, ["0001-01-01", null], ["9999-12-31"]]',
    parquet: "[[], NULL, [DATE '0001-01-01', NULL], [DATE '9999-12-31']]",
    athena: '[[], null, [0001-01-01, null], [9999-12-31]]',
  }),
  ...nested('list<json>', {
    name: 'spelling',
    json: '[{"b" : 1.50}, 12345678901234567890, "[ 1 ]", null]',
    athena: '[{"b" : 1.50}, 12345678901234567890, [ 1 ], null]',
  }),
  ...nested(
    'map<string, decimal(38,9)>',
    { name: 'empty', json: '{}', parquet: 'MAP {}', athena: '{}' },
    {
      name: 'odd keys',
      json: '{"9": null, "10": -0.000000001, "": 1, "__proto__": 99999999999999999999999999999.999999999, "a\\u0000🦆": 2}',
      parquet:
        "MAP {'9': NULL, '10': -0.000000001, '': 1, '__proto__': '99999999999999999999999999999.999999999'::DECIMAL(38,9), 'a' || chr(0) || '🦆': 2}",
      athena:
        '{9=null, 10=-0.000000001, =1.000000000, __proto__=99999999999999999999999999999.999999999, a\u0000🦆=2.000000000}',
    },
  ),
  ...nested('map<integer, list<string>>', {
    name: 'numbers as keys',
    json: '{"3": ["x", null], "7": null, "-2147483648": []}',
    parquet: "MAP {3: ['x', NULL], 7: NULL, -2147483648: []::VARCHAR[]}",
    athena: '{3=[x, null], 7=null, -2147483648=[]}',
  }),
  ...nested('map<timestamp, boolean>', {
    name: 'entries',
    json: '[{"key": "9999-12-31T23:59:59.999999Z", "value": true}, {"value": null, "key": "0001-01-01"}]',
    parquet: "MAP {TIMESTAMP '9999-12-31 23:59:59.999999': true, TIMESTAMP '0001-01-01': NULL}",
    athena: '{9999-12-31 23:59:59.999999=true, 0001-01-01 00:00:00.000000=null}',
  }),
  ...nested(
    NESTED_STRUCT,
    {
      name: 'no member',
      json: '{}',
      athena: '{sku=null, unit_price=null, 2024=null, timestamp=null, tags=null}',
    },
    {
      name: 'all members, in another order',
      json: '{"tags": {"a": ["2026-01-01T00:00:00.000001Z", null]}, "Unit Price": 12345678901234567890.5, "sku": "s", "2024": 9223372036854775807, "timestamp": "0001-01-01"}',
      athena:
        '{sku=s, unit_price=12345678901234567890.500000000, 2024=9223372036854775807, timestamp=0001-01-01 00:00:00.000000, tags={a=[2026-01-01 00:00:00.000001, null]}}',
    },
  ),
  ...nested(DEEPEST, {
    name: 'deepest',
    json: wrapped('[{"x":', '["9999-12-31T23:59:59.999999Z",null]', '}]'),
    athena: wrapped('[{x=', '[9999-12-31 23:59:59.999999, null]', '}]'),
  }),
]

/** Texts of ten megabytes, alone and within a list; apart, since they make every row slow. */
export function largeValues(): readonly BorderValue[] {
  const ascii = 'abcdefghij'.repeat(1_000_000)
  const wide = '🦆'.repeat(2_500_000)
  return [
    ...texts({
      '10 MB': ascii,
      '10 MB of four-byte characters': wide,
      '10 MB of escapes': '\n"'.repeat(5_000_000),
    }),
    {
      type: 'bytes',
      name: '10 MB',
      ndjson: JSON.stringify(Buffer.from(ascii).toString('base64')),
      athena: spacedHex(Buffer.from(ascii)),
    },
    ...nested('list<string>', { name: '10 MB', json: `["${ascii}",null]`, athena: `[${ascii}, null]` }),
  ]
}
