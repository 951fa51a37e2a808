import { TransferError } from '../../domain/errors.ts'

/** Where in the input something was found. */
export interface Place {
  /** What error messages call the file. */
  readonly file: string
  /** From 1. */
  readonly line: number
}

/** What a refusal tells beside the place and the reason. */
export interface Refused {
  readonly stream?: string | undefined
  /** A property of the record or the schema; `a.b` within another. */
  readonly property?: string | undefined
  /** What was found there. */
  readonly value?: unknown
  readonly cause?: unknown
}

/** Longest value that an error repeats, in characters. */
const MAX_SHOWN = 100

/** A message that breaks the Singer specification or its stream's own schema; nothing after the last STATE told is loaded. */
export function refused(place: Place, reason: string, about: Refused = {}): TransferError {
  const { stream, property, value, cause } = about
  return new TransferError('SINGER_INVALID', `${whereOf(place, about)}: ${shown(value)}${reason}`, {
    cause,
    details: {
      file: place.file,
      line: place.line,
      ...(stream === undefined ? {} : { stream }),
      ...(property === undefined ? {} : { property }),
    },
  })
}

/** `input.singer line 3, stream "users", property "id"`. */
export function whereOf({ file, line }: Place, { stream, property }: Refused = {}): string {
  const within = [
    ...(stream === undefined ? [] : [`stream "${stream}"`]),
    ...(property === undefined ? [] : [`property "${property}"`]),
  ]
  return [`${file} line ${line}`, ...within].join(', ')
}

function shown(value: unknown): string {
  if (value === undefined) return ''
  const text = JSON.stringify(value)
  return `${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text} `
}
