import { modelSchema } from '../../src/domain/model.ts'
import { planTarget } from '../../src/load/plan-target.ts'
import { typeChange } from '../../src/load/type-change.ts'

/** A change of one column: what the table has and what the model says; undefined where there is none. */
interface Change {
  readonly what: string
  readonly table: string | undefined
  readonly model: string | undefined
  readonly description?: string
}

const CHANGES: readonly Change[] = [
  { what: 'column added', table: undefined, model: 'string' },
  { what: 'column dropped', table: 'string', model: undefined },
  { what: 'int → bigint', table: 'int', model: 'bigint' },
  { what: 'float → double', table: 'float', model: 'double' },
  { what: 'decimal, more digits', table: 'decimal(9,2)', model: 'decimal(20,2)' },
  { what: 'bigint → int', table: 'bigint', model: 'integer' },
  { what: 'double → float', table: 'double', model: 'float' },
  { what: 'decimal, fewer digits', table: 'decimal(20,2)', model: 'decimal(9,2)' },
  { what: 'decimal, other scale', table: 'decimal(9,2)', model: 'decimal(9,3)' },
  { what: 'int → double', table: 'int', model: 'double' },
  { what: 'any other type', table: 'date', model: 'string' },
  { what: 'struct, any change', table: 'struct<a:int>', model: 'string' },
  { what: 'description', table: 'string', model: 'string', description: 'new' },
]

/** Each change with the statement that the planner makes of it, or what it says instead. */
export function evolutionTable(): string {
  const rows = CHANGES.map(change => `| ${change.what} | ${outcomeOf(change)} |`)
  return ['| change in the model | what happens to the table |', '| --- | --- |', ...rows].join('\n')
}

function outcomeOf({ table, model, description }: Change): string {
  const columns = [
    { name: 'id', type: 'bigint' },
    ...(model === undefined ? [] : [{ name: 'c', type: model, description }]),
  ]
  const target = {
    columns: [
      { name: 'id', type: 'bigint' },
      ...(table === undefined ? [] : [{ name: 'c', type: table, comment: undefined }]),
    ],
  }
  const base = { name: 't', source: 's', files: { path: 'x' }, primaryKey: ['id'] }
  try {
    const [statement] = planTarget({
      database: 'd',
      model: modelSchema.parse({ ...base, columns }),
      target,
      targetLocation: 's3://b/t/',
    })
    if (statement !== undefined) return `\`${statement.replaceAll('`', '')}\``
    if (model === undefined) return 'none: the column stays, NULL in rows written from then on'
    return table !== undefined && typeChange(table, model === 'integer' ? 'int' : model) === 'wider-already'
      ? 'none: the wider type stays, and rows are read as it'
      : 'none'
  } catch {
    return 'refused: `SCHEMA_CHANGE_REFUSED`'
  }
}
