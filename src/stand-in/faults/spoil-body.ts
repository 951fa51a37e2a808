import { Readable } from 'node:stream'
import type { Answer, Call } from '../http/call.ts'
import type { FaultSubject, Faults } from '../services.ts'
import { ConnectionReset } from './run-with-faults.ts'

/** Where a body comes from or goes to. */
interface Site {
  /** `<service>.<Action>`. */
  readonly name: string
  readonly subject: FaultSubject
}

/** A call whose body arrives as faults make it: `corrupt-upload`, `truncate-upload`. */
export function spoilUpload(faults: Faults, { name, subject }: Site, call: Call): Call {
  const size = Number(call.headers.get('content-length') ?? 0)
  if (size === 0) return call
  if (faults.strike(`${name}.corrupt-upload`, subject))
    return { ...call, body: Readable.from(withOtherByte(call.body, Math.floor(size / 2))) }
  if (faults.strike(`${name}.truncate-upload`, subject))
    return { ...call, body: Readable.from(firstBytes(call.body, Math.floor(size / 2))) }
  return call
}

/** An answer whose body leaves as faults make it: `corrupt`, `truncate`. */
export function spoilAnswer(faults: Faults, { name, subject }: Site, answer: Answer): Answer {
  const { body = '' } = answer
  const size =
    typeof body === 'string' ? Buffer.byteLength(body) : Number(answer.headers['content-length'] ?? 0)
  if (size === 0) return answer
  if (body instanceof Readable && faults.strike(`${name}.corrupt`, subject))
    return { ...answer, body: Readable.from(withOtherByte(body, Math.floor(size / 2))) }
  if (!faults.strike(`${name}.truncate`, subject)) return answer
  const source = typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body
  const headers = { ...answer.headers, 'content-length': String(size) }
  return { ...answer, headers, body: Readable.from(brokenOff(source, Math.floor(size / 2))) }
}

async function* withOtherByte(source: Readable, position: number): AsyncGenerator<Buffer> {
  let seen = 0
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk)
    const index = position - seen
    if (index >= 0 && index < bytes.length) bytes[index] = (bytes[index] ?? 0) ^ 1
    seen += bytes.length
    yield bytes
  }
}

/** The rest is read and dropped, so that the client gets to read the answer. */
async function* firstBytes(source: Readable, size: number): AsyncGenerator<Buffer> {
  let left = size
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk).subarray(0, left)
    left -= bytes.length
    if (bytes.length > 0) yield bytes
  }
}

async function* brokenOff(source: Readable, size: number): AsyncGenerator<Buffer> {
  yield* firstBytes(source, size)
  throw new ConnectionReset()
}
