import { z } from 'zod'
import { jsonSchemaOf } from '../../src/config/json-schema.ts'
import { settingsSchema, variableOf } from '../../src/config/settings.ts'
import { type ScalarKind, stagingTypeOf, targetTypeOf } from '../../src/domain/column-type.ts'
import { columnTypeSchema } from '../../src/domain/column-type-schema.ts'
import { ERROR_CODES } from '../../src/domain/errors.ts'
import { WRITE_MODE_PROMISES } from '../../src/domain/model.ts'
import { SPLITS } from '../../src/domain/split.ts'
import { METRICS } from '../../src/operations/metrics.ts'
import { FAULT_KINDS } from '../../src/stand-in/faults/kinds.ts'
import { evolutionTable } from './evolutions.ts'
import { nameTable } from './names.ts'

/** The READMEs that hold tables printed from code. */
export const READMES = ['README.md', 'src/stand-in/README.md'] as const

/** The tables that a README prints from code, by the name in its markers. */
const TABLES: Readonly<Record<string, () => string>> = {
  settings: settingsTable,
  modes: modeTable,
  options: optionTable,
  splits: splitTable,
  types: typeTable,
  errors: errorTable,
  evolutions: evolutionTable,
  names: nameTable,
  faults: faultTable,
  metrics: metricTable,
}

function modeTable(): string {
  const rows = Object.entries(WRITE_MODE_PROMISES).map(([mode, promise]) => `| \`${mode}\` | ${promise} |`)
  return ['| mode | what the table holds |', '| --- | --- |', ...rows].join('\n')
}

const optionSchema = z.object({ description: z.string().default(''), default: z.unknown().optional() })

/** What a model file may say beside name, source, files and columns. */
function optionTable(): string {
  const { properties } = z
    .object({ properties: z.record(z.string(), optionSchema) })
    .parse(jsonSchemaOf('model'))
  const shown = Object.entries(properties).filter(
    ([name]) => !['name', 'source', 'files', 'columns'].includes(name),
  )
  const rows = shown.map(
    ([name, option]) =>
      `| \`${name}\` | ${option.description} | ${option.default === undefined ? '–' : `\`${JSON.stringify(option.default)}\``} |`,
  )
  return ['| option | means | default |', '| --- | --- | --- |', ...rows].join('\n')
}

function splitTable(): string {
  const rows = Object.entries(SPLITS).map(
    ([reason, { when, how, relaxed }]) => `| \`${reason}\` | ${when} | ${how} | ${relaxed} |`,
  )
  return ['| split | when | how | what it relaxes |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function metricTable(): string {
  const rows = Object.values(METRICS).map(
    ({ name, labelNames, help }) =>
      `| \`${name}\` | ${labelNames.map(label => `\`${label}\``).join(', ') || '–'} | ${help} |`,
  )
  return ['| metric | labels | means |', '| --- | --- | --- |', ...rows].join('\n')
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

function faultTable(): string {
  const rows = Object.entries(FAULT_KINDS).map(([kind, effect]) => `| \`${kind}\` | ${effect} |`)
  return ['| kind | what happens |', '| --- | --- |', ...rows].join('\n')
}

/** A README with each table that it has a place for, between `<!-- name -->` and `<!-- /name -->`, made anew. */
export function withTables(readme: string): string {
  return Object.entries(TABLES).reduce((text, [name, print]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`)
    return text.replace(place, (_, open, close) => `${open}${print()}\n${close}`)
  }, readme)
}

/** Tables that none of the READMEs has a place for. */
export function tablesWithoutPlace(readmes: readonly string[]): readonly string[] {
  return Object.keys(TABLES).filter(name => !readmes.some(readme => readme.includes(`<!-- ${name} -->`)))
}
