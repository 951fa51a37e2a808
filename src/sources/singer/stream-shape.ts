import { TransferError } from '../../domain/errors.ts'
import { type Model, modelSchema } from '../../domain/model.ts'
import { columnTypeOf } from './column-types.ts'
import type { MessageOf } from './messages.ts'
import { type Place, refused, whereOf } from './place.ts'

/** What a stream's SCHEMA messages have said of it so far. */
export interface StreamShape {
  readonly stream: string
  /** All properties ever declared, in order, with their column types; undefined for one that was always null. */
  readonly properties: ReadonlyMap<string, string | undefined>
  readonly keyProperties: readonly string[]
}

/** The column of a versioned stream that says which version a row came with; the name is Singer's custom. */
export const VERSION_COLUMN = '_sdc_table_version'

/**
 * A stream's shape after another SCHEMA message: the union of properties, in the order in which they appeared.
 *
 * @throws {TransferError} `SCHEMA_CHANGE_REFUSED` for a property of another type and for other key properties,
 * `SINGER_INVALID` for a key that is no property.
 */
export function withSchema(
  before: StreamShape | undefined,
  message: MessageOf<'SCHEMA'>,
  place: Place,
): StreamShape {
  const { stream } = message
  const keyProperties = message.key_properties ?? []
  const properties = new Map(before?.properties)
  for (const [property, schema] of Object.entries(message.schema.properties)) {
    const found = columnTypeOf(schema)
    const expected = properties.get(property)
    if (found !== undefined && expected !== undefined && found !== expected)
      throw changed(place, { stream, property }, expected, found)
    properties.set(property, expected ?? found)
  }
  const unknown = keyProperties.find(key => !Object.hasOwn(message.schema.properties, key))
  if (unknown !== undefined)
    throw refused(place, 'is a key property, and no property of the schema', { stream, property: unknown })
  if (before && String(before.keyProperties) !== String(keyProperties))
    throw changed(
      place,
      { stream, property: 'key_properties' },
      list(before.keyProperties),
      list(keyProperties),
    )
  return { stream, properties, keyProperties }
}

function changed(
  place: Place,
  about: { readonly stream: string; readonly property: string },
  expected: string,
  found: string,
): TransferError {
  return new TransferError(
    'SCHEMA_CHANGE_REFUSED',
    `${whereOf(place, about)}: was ${expected} before and is ${found} now`,
    { details: { ...place, ...about, found, expected } },
  )
}

function list(names: readonly string[]): string {
  return `[${names.join(', ')}]`
}

/**
 * The model of a stream: merged by its key properties, or appended when it has none.
 *
 * @throws {TransferError} `SINGER_INVALID` for names and keys that no table can have.
 */
export function modelOf(shape: StreamShape, isVersioned: boolean, place: Place): Model {
  const { stream, properties, keyProperties } = shape
  if (isVersioned && properties.has(VERSION_COLUMN))
    throw refused(place, 'is kept for the version of a stream that has one', {
      stream,
      property: VERSION_COLUMN,
    })
  const columns = [...properties].map(([name, type]) => ({ name, type: type ?? 'string' }))
  const outcome = modelSchema.safeParse({
    name: stream,
    source: 'singer',
    files: { path: place.file, format: 'ndjson' },
    ...(keyProperties.length === 0
      ? { writeMode: 'append' }
      : { writeMode: 'merge', primaryKey: keyProperties }),
    columns: isVersioned ? [...columns, { name: VERSION_COLUMN, type: 'bigint' }] : columns,
  })
  if (outcome.success) return outcome.data
  const problems = outcome.error.issues.map(({ path: [field = '', index], message }) => {
    const column = field === 'columns' && typeof index === 'number' ? columns[index]?.name : undefined
    return column === undefined ? `${String(field)}: ${message}` : `property "${column}": ${message}`
  })
  throw refused(place, problems.join('; '), { stream })
}
