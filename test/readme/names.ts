import { modelSchema } from '../../src/domain/model.ts'
import { tableNamesOf } from '../../src/domain/names.ts'

/** A rule of names and source names that it decides. */
interface NameRule {
  readonly rule: string
  readonly names: readonly string[]
  readonly nameCollisions?: 'suffix'
  /** Names that were loaded before, by source name. */
  readonly known?: ReadonlyMap<string, string>
}

const RULES: readonly NameRule[] = [
  { rule: 'lower case, as Athena folds it', names: ['CustomerId'] },
  {
    rule: 'accents are left out, other forms of a letter or digit spelled plainly',
    names: ['Société', 'ｍ²'],
  },
  { rule: 'every other character is `_`', names: ['Unit Price', 'net-total'] },
  { rule: 'digits may come first, and words that SQL reserves stay', names: ['2024', 'Timestamp'] },
  { rule: 'without a Latin letter or digit: its code points', names: ['客户', '€'] },
  { rule: '`_transfer_` is reserved', names: ['_transfer_row'] },
  { rule: 'more than 255 bytes: cut, with a hash of the whole', names: ['n'.repeat(300)] },
  { rule: 'columns that become one name', names: ['Id', 'id'] },
  {
    rule: 'the same with `nameCollisions: suffix`: one that is spelled so already keeps the name, others end in a hash of their own',
    names: ['Id', 'id'],
    nameCollisions: 'suffix',
  },
  {
    rule: 'the same where `Id` was loaded first: a column keeps its name, whatever comes',
    names: ['Id', 'id'],
    nameCollisions: 'suffix',
    known: new Map([['Id', 'id']]),
  },
]

/** Each rule of names with what becomes of examples. */
export function nameTable(): string {
  const rows = RULES.map(rule => `| ${rule.rule} | ${listed(rule.names)} | ${outcomeOf(rule)} |`)
  return ['| rule | in the source | in the table |', '| --- | --- | --- |', ...rows].join('\n')
}

function outcomeOf({ names, nameCollisions, known }: NameRule): string {
  const columns = names.map(name => ({ name, type: 'string' }))
  const model = { name: 't', source: 's', files: { path: 'x' }, writeMode: 'append', columns, nameCollisions }
  const { data, error } = modelSchema.safeParse(model)
  if (error) return `refused: ${error.issues.map(({ message }) => message).join('; ')}`
  if (known) return listed([...tableNamesOf(names, known).values()])
  return listed(data.columns.map(({ tableName }) => tableName))
}

/** Longest name that is shown whole, in characters. */
const MAX_SHOWN = 40

function listed(names: readonly string[]): string {
  return names
    .map(name => (name.length > MAX_SHOWN ? `${name.slice(0, 6)}…${name.slice(-12)}` : name))
    .map(name => `\`${name}\``)
    .join(', ')
}
