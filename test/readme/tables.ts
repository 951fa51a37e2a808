import { settingsSchema, variableOf } from '../../src/config/settings.ts'
import { type ScalarKind, stagingTypeOf, targetTypeOf } from '../../src/domain/column-type.ts'
import { columnTypeSchema } from '../../src/domain/column-type-schema.ts'
import { ERROR_CODES } from '../../src/domain/errors.ts'
import { WRITE_MODE_PROMISES } from '../../src/domain/model.ts'
import { evolutionTable } from './evolutions.ts'
import { nameTable } from './names.ts'

/** The tables that the README prints from code, by the name in its markers. */
const TABLES: Readonly<Record<string, () => string>> = {
  settings: settingsTable,
  modes: modeTable,
  types: typeTable,
  errors: errorTable,
  evolutions: evolutionTable,
  names: nameTable,
}

function modeTable(): string {
  const rows = Object.entries(WRITE_MODE_PROMISES).map(([mode, promise]) => `| \`${mode}\` | ${promise} |`)
  return ['| mode | what the table holds |', '| --- | --- |', ...rows].join('\n')
}

function settingsTable(): string {
  const rows = Object.values(settingsSchema.shape).map(
    setting => `| \`${variableOf(setting)}\` | ${setting.description ?? ''} | ${defaultOf(setting)} |`,
  )
  return ['| variable | means | default |', '| --- | --- | --- |', ...rows].join('\n')
}

/** What the setting is without a value; the work folder is the system's own for temporary files. */
function defaultOf(setting: { safeParse(value: unknown): { success: boolean; data?: unknown } }): string {
  const outcome = setting.safeParse(undefined)
  const value = outcome.success ? outcome.data : undefined
  if (value === undefined) return '–'
  if (setting === settingsSchema.shape.workDir) return "the system's folder for temporary files"
  return typeof value === 'object' && value !== null && 'type' in value
    ? `\`${String(value.type)}\``
    : `\`${String(value)}\``
}

/** What the values of each scalar type are. */
const SCALAR_NOTES: Readonly<Record<ScalarKind, string>> = {
  boolean: 'true and false, in any case as text',
  integer: '32 bits, −2147483648 to 2147483647',
  bigint: '64 bits; unsigned ones are `decimal(20,0)`',
  float: '32 bits; NaN and ±Infinity as texts, −0 kept',
  double: '64 bits; the same',
  decimal: '`decimal(p,s)` with p ≤ 38; without them 38 digits, 9 after the point',
  string: 'Unicode, NUL included; half of a surrogate pair is refused',
  json: 'any JSON, spelled as in the source',
  uuid: '8-4-4-4-12 hexadecimal digits, spelled as in the source',
  time: 'HH:MM, or HH:MM:SS with at most 6 digits of fraction',
  bytes: 'base64 in texts',
  date: '0001-01-01 to 9999-12-31',
  timestamp: 'microseconds of the same years, stored in UTC; no zone means UTC',
}

/** What the values of nested types are, by an example of each. */
const NESTED_NOTES: Readonly<Record<string, string>> = {
  'list<timestamp>': 'JSON list',
  'map<string, double>':
    'JSON object, or list of `{"key": …, "value": …}`; keys may be of any scalar type but float, double, json and bytes',
  'struct<name: string, "Unit Price": decimal>': 'JSON object',
}

function typeTable(): string {
  const rows = Object.entries({ ...SCALAR_NOTES, ...NESTED_NOTES }).map(([spelling, note]) => {
    const type = columnTypeSchema.parse(spelling)
    return `| \`${spelling}\` | \`${stagingTypeOf(type)}\` | \`${targetTypeOf(type)}\` | ${note} |`
  })
  return ['| type | staged as | in the table | values |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { owner, retryable, hint }]) =>
      `| \`${code}\` | ${owner} | ${retryable ? 'yes' : 'no'} | ${hint} |`,
  )
  return ['| code | whose move | tried again | next action |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

/**
 * The README with each table between `<!-- name -->` and `<!-- /name -->` made anew.
 *
 * @throws {Error} when it has no place for one of them.
 */
export function withTables(readme: string): string {
  return Object.entries(TABLES).reduce((text, [name, print]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`)
    if (!place.test(text)) throw new Error(`the README has no place for the table "${name}"`)
    return text.replace(place, (_, open, close) => `${open}${print()}\n${close}`)
  }, readme)
}
