import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { type Place, refused } from './place.ts'

/** @throws {TransferError} `SINGER_INVALID` for a record that its stream's JSON Schema does not allow. */
export type RecordValidator = (record: Readonly<Record<string, unknown>>, place: Place) => void

/**
 * Makes the check of a stream's records against its JSON Schema (draft 7, unknown keywords passed over). Formats and
 * `multipleOf` are left to the columns' types, which check them exactly.
 *
 * @throws {TransferError} `SINGER_INVALID` for a schema that is none.
 */
export function createRecordValidator(stream: string, schema: object, place: Place): RecordValidator {
  const validate = compile(stream, schema, place)
  return (record, recordPlace) => {
    if (validate(record)) return
    const [error] = validate.errors ?? []
    if (error) throw notAllowed(error, record, stream, recordPlace)
  }
}

/** Names of the schema itself, which say nothing of records; a draft 4 one would be refused. */
const NAMES: ReadonlySet<string> = new Set(['$schema', '$id', 'id'])

function compile(stream: string, schema: object, place: Place): ValidateFunction {
  const nameless = Object.fromEntries(Object.entries(schema).filter(([keyword]) => !NAMES.has(keyword)))
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false }).removeKeyword('multipleOf')
  try {
    return ajv.compile({ type: 'object', ...nameless })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw refused(place, `the schema is no JSON Schema: ${reason}`, { stream, cause })
  }
}

function notAllowed(error: ErrorObject, record: object, stream: string, place: Place): Error {
  const path = error.instancePath.split('/').slice(1).map(unescaped)
  const missing: unknown = error.params.missingProperty ?? error.params.additionalProperty
  const property = [...path, ...(missing === undefined ? [] : [String(missing)])].join('.')
  const about = { stream, property: property === '' ? undefined : property }
  if (error.keyword === 'required') return refused(place, 'is required and missing', about)
  return refused(place, `${error.message}`, { ...about, value: valueAt(record, path) })
}

/** A part of a JSON Pointer. */
function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

function valueAt(record: object, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    record,
  )
}
