import type { Readable } from 'node:stream'
import { AwsError } from '../services.ts'

/** Reads a small body whole. @throws {AwsError} `RequestEntityTooLarge` past `maxBytes`. */
export async function readBody(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // The stream stays open on an early exit, so that the client gets to read the answer.
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > maxBytes) throw new AwsError('RequestEntityTooLarge', 413, 'Request size exceeded the limit.')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
