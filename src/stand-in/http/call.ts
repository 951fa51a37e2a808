import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

/** One HTTP request as it came, before anything is believed of it. */
export interface Call {
  readonly method: string
  /** As sent, still encoded, without the query string. */
  readonly rawPath: string
  /** As sent, without the `?`. */
  readonly rawQuery: string
  /** Decoded name and value pairs, in order. */
  readonly query: ReadonlyMap<string, string>
  /** Names in lower case; values of a repeated header are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Readable
  readonly sourceIp: string
  readonly requestId: string
}

/** What a service answers. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Readable
}

/** Reads method, target and headers of a request; the body stays unread. */
export function toCall(request: IncomingMessage): Call {
  const target = request.url ?? '/'
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1)
  const headers = new Map<string, string>()
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values) headers.set(name, values.join(','))
  }
  return {
    method: request.method ?? 'GET',
    rawPath,
    rawQuery,
    query: new Map(parseQuery(rawQuery)),
    headers,
    body: request,
    sourceIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    requestId: randomBytes(8).toString('hex').toUpperCase(),
  }
}

/** The decoded pairs of a query string; a name without `=` has the empty value. */
export function parseQuery(rawQuery: string): readonly (readonly [name: string, value: string])[] {
  return rawQuery
    .split('&')
    .filter(pair => pair !== '')
    .map(pair => {
      const equals = pair.indexOf('=')
      const name = equals < 0 ? pair : pair.slice(0, equals)
      return [decode(name), equals < 0 ? '' : decode(pair.slice(equals + 1))] as const
    })
}

function decode(text: string): string {
  return decodePercent(text.replaceAll('+', ' '))
}

/** Decodes `%xx`; text that is no valid encoding stays as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
