import { createServer, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ConnectionReset } from '../faults/run-with-faults.ts'
import { type Answer, type Call, toCall } from './call.ts'

/** A listening server. */
export interface Listener {
  readonly port: number
  /** Ends idle connections at once and waits a moment for the others. */
  close(): Promise<void>
}

/** How long open requests may go on after `close`, in milliseconds. */
const CLOSE_GRACE_MS = 2000

/** Serves `answer` on a port (0: a free one). Slow bodies have no time limit, as uploads may take long. */
export async function listen(
  options: { readonly host: string; readonly port: number },
  answer: (call: Call) => Promise<Answer>,
): Promise<Listener> {
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
    const call = toCall(request)
    answer(call)
      .then(made => send(response, made))
      .catch(error => {
        if (!(error instanceof ConnectionReset) && !isDisconnect(error))
          process.stderr.write(`${error?.stack ?? error}\n`)
        response.destroy()
      })
      // What the answer did not need is read and dropped, so that the client gets to read the answer.
      .finally(() => request.resume())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => resolve())
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  return { port, close: () => closeServer(server) }
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(typeof answer.body === 'string' && { 'content-length': String(Buffer.byteLength(answer.body)) }),
    ...(answer.body === undefined &&
      !('content-length' in answer.headers) &&
      answer.status >= 200 &&
      answer.status !== 204 &&
      answer.status !== 304 && { 'content-length': '0' }),
  })
  if (answer.body instanceof Readable) {
    response.flushHeaders()
    await pipeline(answer.body, response)
  } else response.end(answer.body)
}

function isDisconnect(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE'
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  await closed
  clearTimeout(timer)
}
