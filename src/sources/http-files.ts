import { type IncomingMessage, request as requestPlain } from 'node:http'
import { type RequestOptions, request as requestTls } from 'node:https'
import { TransferError } from '../domain/errors.ts'
import { type Compression, decompress } from './decompress.ts'
import { ensureReachable, guardedLookup, type NetworkAccess } from './guarded-lookup.ts'
import type { SourceFile } from './read-files.ts'
import { unreadable } from './source-error.ts'

/** How long a server may be silent, before its answer and within it, in milliseconds. */
const SILENCE_MS = 60_000

/** This machine by its names in a URL. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])

/**
 * One file over https; http is accepted from this machine alone, if it is allowed. Hosts that are not on the public internet
 * are refused unless allowed, also by the address that their name has when it is connected to. Redirects are refused, so that
 * nobody is led to an address that the operator did not write.
 *
 * @throws {TransferError} `CONFIG_INVALID` for another scheme, a path that leaves the base, or such a host.
 */
export async function* httpFiles(
  access: NetworkAccess,
  base: string,
  path: string,
): AsyncGenerator<SourceFile> {
  const root = parseUrl(base.endsWith('/') ? base : `${base}/`, base)
  const url = parseUrl(path, base, root)
  const inside = url.origin === root.origin && url.pathname.startsWith(root.pathname)
  if (!inside || (url.protocol !== 'https:' && !LOOPBACK.has(url.hostname))) {
    throw new TransferError('CONFIG_INVALID', `${shown(url)}: only https, and only below the source's base`)
  }
  ensureReachable(url.hostname, access)
  yield { origin: shown(url), open: signal => readUrl(access, url, signal) }
}

function parseUrl(text: string, base: string, root?: URL): URL {
  const url = URL.parse(text, root?.href)
  if (url) return url
  throw new TransferError('CONFIG_INVALID', `base "${base}" and path: not the address of a file`)
}

/** The address without what may be secret in it. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`
}

async function* readUrl(access: NetworkAccess, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const origin = shown(url)
  const response = await answer(access, url, signal)
  try {
    const { statusCode = 0, headers } = response
    if (statusCode < 200 || statusCode > 299)
      throw unreadable(origin, `the server answered ${statusCode}${statusCode < 400 ? ', a redirect' : ''}`)
    const encoding = encodingOf(headers['content-encoding'])
    if (!encoding) throw unreadable(origin, 'the server sends it in an encoding that is not known')
    yield* decompress(readBody(response, origin, signal), encoding, origin)
  } finally {
    response.destroy()
  }
}

/** How the server packed a file for the way, which it was not asked to; the file's own packing is another matter. */
function encodingOf(header: string | undefined): Compression | undefined {
  if (header === undefined || header === 'identity') return 'none'
  return header === 'gzip' || header === 'zstd' ? header : undefined
}

async function* readBody(
  response: IncomingMessage,
  origin: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const expected = response.headers['content-length']
  let seen = 0
  try {
    for await (const chunk of response) {
      seen += chunk.length
      yield chunk
    }
  } catch (cause) {
    if (signal.aborted) throw cause
    throw unreadable(origin, `the connection broke after ${seen} bytes`, cause)
  }
  if (expected !== undefined && Number(expected) !== seen) {
    throw unreadable(origin, `${expected} bytes announced, ${seen} received`)
  }
}

async function answer(access: NetworkAccess, url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  try {
    return await send(url, {
      headers: authorization(url),
      lookup: guardedLookup(access),
      signal,
      timeout: SILENCE_MS,
    })
  } catch (cause) {
    if (signal.aborted || cause instanceof TransferError) throw cause
    throw unreadable(shown(url), 'the server cannot be reached', cause)
  }
}

/** Nothing is kept open between files, so each connection is to what was looked up for it. */
function send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent: false }, resolve)
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error(`silent for ${SILENCE_MS} ms`)))
    sent.end()
  })
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
