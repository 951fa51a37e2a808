import { settingsSchema, variableOf } from '../../src/config/settings.ts'
import { ERROR_CODES } from '../../src/domain/errors.ts'
import { evolutionTable } from './evolutions.ts'

/** The tables that the README prints from code, by the name in its markers. */
const TABLES: Readonly<Record<string, () => string>> = {
  settings: settingsTable,
  errors: errorTable,
  evolutions: evolutionTable,
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

function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { owner, retryable, hint }]) =>
      `| \`${code}\` | ${owner} | ${retryable ? 'yes' : 'no'} | ${hint} |`,
  )
  return ['| code | whose move | tried again | next action |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

/** The README with each table between `<!-- name -->` and `<!-- /name -->` made anew. */
export function withTables(readme: string): string {
  return Object.entries(TABLES).reduce(
    (text, [name, print]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`),
        (_, open, close) => `${open}${print()}\n${close}`,
      ),
    readme,
  )
}
