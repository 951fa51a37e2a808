import { TransferError } from '../domain/errors.ts'
import type { SourceFile } from './read-files.ts'
import { unreadable } from './source-error.ts'

/** How long a server may take to begin its answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 60_000

/**
 * One file over https; http is accepted from this machine alone. Redirects are refused, so that nobody is led to an
 * address that the operator did not write.
 *
 * @throws {TransferError} `CONFIG_INVALID` for another scheme or a path that leaves the base.
 */
export async function* httpFiles(
  fetchUrl: typeof fetch,
  base: string,
  path: string,
): AsyncGenerator<SourceFile> {
  const root = new URL(base.endsWith('/') ? base : `${base}/`)
  const url = new URL(path, root)
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  const inside = url.origin === root.origin && url.pathname.startsWith(root.pathname)
  if (!inside || (url.protocol !== 'https:' && !loopback)) {
    throw new TransferError('CONFIG_INVALID', `${shown(url)}: only https, and only below the source's base`)
  }
  yield { origin: shown(url), open: signal => readUrl(fetchUrl, url, signal) }
}

/** The address without what may be secret in it. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`
}

async function* readUrl(fetchUrl: typeof fetch, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const origin = shown(url)
  const response = await answer(fetchUrl, url, signal)
  if (!response.ok || !response.body) throw unreadable(origin, `the server answered ${response.status}`)
  const expected = response.headers.get('content-length')
  const encoded = response.headers.has('content-encoding')
  let seen = 0
  try {
    for await (const chunk of response.body) {
      seen += chunk.length
      yield chunk
    }
  } catch (cause) {
    if (signal.aborted) throw cause
    throw unreadable(origin, `the connection broke after ${seen} bytes`, cause)
  }
  if (expected !== null && !encoded && Number(expected) !== seen) {
    throw unreadable(origin, `${expected} bytes announced, ${seen} received`)
  }
}

async function answer(fetchUrl: typeof fetch, url: URL, signal: AbortSignal): Promise<Response> {
  const begin = new AbortController()
  const timer = setTimeout(() => begin.abort(), ANSWER_TIMEOUT_MS)
  try {
    return await fetchUrl(url, { redirect: 'error', signal: AbortSignal.any([signal, begin.signal]) })
  } catch (cause) {
    if (signal.aborted) throw cause
    throw unreadable(shown(url), 'the server cannot be reached', cause)
  } finally {
    clearTimeout(timer)
  }
}
