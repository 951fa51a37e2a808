import { commonType, printType, type SqlType } from '../types/sql-type.ts'
import type { ArgumentKind, FunctionRule } from './functions.ts'

const VARCHAR: SqlType = { kind: 'varchar' }
const BIGINT: SqlType = { kind: 'bigint' }
const DOUBLE: SqlType = { kind: 'double' }
const BOOLEAN: SqlType = { kind: 'boolean' }
const VARBINARY: SqlType = { kind: 'varbinary' }

/** Functions of texts, numbers, bytes, JSON and collections. */
export const SCALAR_FUNCTIONS: ReadonlyMap<string, FunctionRule> = new Map([
  ['coalesce', { ...scalar(['any'], () => 'any', common), isVariadic: true, sql: call('coalesce') }],
  ['greatest', { ...scalar(['any'], () => 'any', common), isVariadic: true, sql: nullWhenAnyIs('greatest') }],
  ['least', { ...scalar(['any'], () => 'any', common), isVariadic: true, sql: nullWhenAnyIs('least') }],
  [
    'concat',
    {
      ...scalar(
        ['text'],
        args => args.join(' || '),
        () => VARCHAR,
      ),
      isVariadic: true,
    },
  ],
  ['nullif', scalar(['any', 'any'], call('nullif'), ([type]) => type ?? VARCHAR)],
  [
    'if',
    { ...scalar(['boolean', 'any', 'any'], conditional, ([, ...branches]) => common(branches)), required: 2 },
  ],
  ['try', scalar(['any'], call('TRY'), ([type]) => type ?? VARCHAR)],
  [
    'typeof',
    scalar(
      ['any'],
      (_, [type]) => `'${printType(type ?? VARCHAR)}'`,
      () => VARCHAR,
    ),
  ],
  ['lower', text('lower')],
  ['upper', text('upper')],
  ['trim', text('trim')],
  ['ltrim', text('ltrim')],
  ['rtrim', text('rtrim')],
  ['reverse', text('reverse')],
  ['length', scalar(['text'], call('length'), () => BIGINT)],
  ['substr', { ...scalar(['text', 'integer', 'integer'], substring, () => VARCHAR), required: 2 }],
  ['substring', { ...scalar(['text', 'integer', 'integer'], substring, () => VARCHAR), required: 2 }],
  ['replace', scalar(['text', 'text', 'text'], call('replace'), () => VARCHAR)],
  ['strpos', scalar(['text', 'text'], call('strpos'), () => BIGINT)],
  ['starts_with', scalar(['text', 'text'], call('starts_with'), () => BOOLEAN)],
  ['lpad', scalar(['text', 'integer', 'text'], call('lpad'), () => VARCHAR)],
  ['rpad', scalar(['text', 'integer', 'text'], call('rpad'), () => VARCHAR)],
  ['regexp_like', scalar(['text', 'text'], call('regexp_matches'), () => BOOLEAN)],
  ['abs', scalar(['number'], call('abs'), same)],
  ['sign', scalar(['number'], call('sign'), same)],
  ['floor', scalar(['number'], call('floor'), whole)],
  ['ceil', scalar(['number'], call('ceil'), whole)],
  ['ceiling', scalar(['number'], call('ceil'), whole)],
  ['round', { ...scalar(['number', 'integer'], call('round'), same), required: 1 }],
  ['mod', scalar(['integer', 'integer'], call('athena_modulo'), common)],
  ['power', scalar(['number', 'number'], call('power'), () => DOUBLE)],
  ['pow', scalar(['number', 'number'], call('power'), () => DOUBLE)],
  ['sqrt', scalar(['number'], call('sqrt'), () => DOUBLE)],
  ['exp', scalar(['number'], call('exp'), () => DOUBLE)],
  ['ln', scalar(['number'], call('ln'), () => DOUBLE)],
  [
    'nan',
    scalar(
      [],
      () => `'NaN'::DOUBLE`,
      () => DOUBLE,
    ),
  ],
  [
    'infinity',
    scalar(
      [],
      () => `'Infinity'::DOUBLE`,
      () => DOUBLE,
    ),
  ],
  ['is_nan', scalar(['number'], call('isnan'), () => BOOLEAN)],
  ['is_finite', scalar(['number'], call('isfinite'), () => BOOLEAN)],
  ['is_infinite', scalar(['number'], call('isinf'), () => BOOLEAN)],
  ['to_utf8', scalar(['text'], call('encode'), () => VARBINARY)],
  ['from_utf8', scalar(['binary'], call('decode'), () => VARCHAR)],
  ['to_hex', scalar(['binary'], call('hex'), () => VARCHAR)],
  ['from_hex', scalar(['text'], call('unhex'), () => VARBINARY)],
  [
    'md5',
    scalar(
      ['binary'],
      ([arg = '']) => `unhex(md5(${arg}))`,
      () => VARBINARY,
    ),
  ],
  [
    'sha256',
    scalar(
      ['binary'],
      ([arg = '']) => `unhex(sha256(${arg}))`,
      () => VARBINARY,
    ),
  ],
  ['cardinality', scalar(['collection'], call('len'), () => BIGINT)],
  ['contains', scalar(['array', 'any'], call('list_contains'), () => BOOLEAN)],
  ['element_at', scalar(['collection', 'any'], elementAt, elementType)],
  ['json_extract_scalar', scalar(['any', 'text'], call('json_extract_string'), () => VARCHAR)],
  ['uuid', scalar([], call('uuid'), () => ({ kind: 'uuid' }))],
])

function scalar(
  args: readonly ArgumentKind[],
  sql: Exclude<FunctionRule['sql'], string>,
  result: FunctionRule['result'],
): FunctionRule {
  return { args, sql, result }
}

function text(name: string): FunctionRule {
  return scalar(['text'], call(name), () => VARCHAR)
}

function call(name: string): (args: readonly string[]) => string {
  return args => `${name}(${args.join(', ')})`
}

/** Trino's greatest and least answer NULL as soon as one argument is NULL; DuckDB's skip it. */
function nullWhenAnyIs(name: string): (args: readonly string[]) => string {
  return args => {
    const anyNull = args.map(arg => `${arg} IS NULL`).join(' OR ')
    return `CASE WHEN ${anyNull} THEN NULL ELSE ${name}(${args.join(', ')}) END`
  }
}

function conditional([condition = '', then = 'NULL', otherwise = 'NULL']: readonly string[]): string {
  return `CASE WHEN ${condition} THEN ${then} ELSE ${otherwise} END`
}

function substring([value = '', start = '1', length]: readonly string[]): string {
  return `athena_substr(${value}, ${start}, ${length ?? '2147483647'})`
}

function elementAt([collection = '', key = '']: readonly string[], [type]: readonly SqlType[]): string {
  return type?.kind === 'map'
    ? `map_extract_value(${collection}, ${key})`
    : `list_extract(${collection}, ${key})`
}

function elementType([type]: readonly SqlType[]): SqlType {
  if (type?.kind === 'map') return type.value
  return type?.kind === 'array' ? type.element : VARCHAR
}

function common(types: readonly SqlType[]): SqlType {
  let sum: SqlType = { kind: 'unknown' }
  for (const type of types) sum = commonType(sum, type) ?? { kind: 'interval' }
  return sum
}

function same([type]: readonly SqlType[]): SqlType {
  return type ?? BIGINT
}

function whole([type]: readonly SqlType[]): SqlType {
  if (type?.kind !== 'decimal') return type ?? BIGINT
  const digits = type.precision - type.scale + Math.min(type.scale, 1)
  return { kind: 'decimal', precision: Math.max(1, digits), scale: 0 }
}
