import type { ColumnType } from '../../domain/column-type.ts'
import type { Column, Model } from '../../domain/model.ts'
import { jsonMembers } from './json-members.ts'
import { type Place, refused } from './place.ts'
import { VERSION_COLUMN } from './stream-shape.ts'

/** Why a text is no value of a column's type; undefined when it is one. */
export type TextProblem = (type: ColumnType, text: string) => string | undefined

/** A record that its schema allows. */
export interface ValidRecord {
  /** The object as it is spelled in the input. */
  readonly text: string
  readonly version: number | undefined
  readonly place: Place
}

/** What rows of a stream look like. */
interface RowShape {
  readonly model: Model
  readonly keyProperties: readonly string[]
}

/**
 * The row of a record, as one line of NDJSON: a value for each column, spelled as in the input. Properties that the
 * schema does not declare are left out. A text in a `json` column becomes JSON itself, in quotes.
 *
 * @throws {TransferError} `SINGER_INVALID` for a key without a value, and for a text that is no date, time or UUID
 * where the schema has that format.
 */
export function rowOf(
  stream: RowShape,
  { text, version, place }: ValidRecord,
  textProblem: TextProblem,
): string {
  const { model, keyProperties } = stream
  const members = jsonMembers(text)
  const about = { stream: model.name }
  const cells = model.columns.map(column => {
    const { name } = column
    if (name === VERSION_COLUMN && version !== undefined) return `${JSON.stringify(name)}:${version}`
    const value = members.get(name) ?? 'null'
    if (value === 'null' && keyProperties.includes(name))
      throw refused(place, `is a key property and ${members.has(name) ? 'null' : 'missing'}`, {
        ...about,
        property: name,
      })
    return `${JSON.stringify(name)}:${value.startsWith('"') ? textCell(column, value) : value}`
  })
  return `{${cells.join(',')}}\n`

  function textCell({ name, type }: Column, value: string): string {
    if (type.kind === 'string') return value
    if (type.kind === 'json') return JSON.stringify(value)
    const content = String(JSON.parse(value))
    const problem = textProblem(type, content)
    if (problem === undefined) return value
    throw refused(place, problem, { ...about, property: name, value: content })
  }
}
