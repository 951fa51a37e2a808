import { matchesGlob } from 'node:path/posix'
import { TransferError } from '../domain/errors.ts'
import type { SourceFile } from './read-files.ts'
import { unreadable } from './source-error.ts'

/** The part of S3's client that reading needs; `@aws-sdk/client-s3`'s `S3` fits it. */
export interface SourceS3 {
  listObjectsV2(input: { Bucket: string; Prefix: string; ContinuationToken?: string }): Promise<{
    Contents?: { Key?: string | undefined; Size?: number | undefined }[] | undefined
    NextContinuationToken?: string | undefined
  }>
  getObject(
    input: { Bucket: string; Key: string },
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ Body?: object | undefined; ContentLength?: number | undefined }>
}

/** Objects below `s3://bucket/prefix/` by key or glob, in the order of their keys. */
export async function* s3Files(
  connect: () => Promise<SourceS3>,
  base: string,
  pattern: string,
  signal: AbortSignal,
): AsyncGenerator<SourceFile> {
  const s3 = await connect()
  const [bucket = '', ...rest] = base.slice('s3://'.length).replace(/\/$/, '').split('/')
  const root = rest.length === 0 ? '' : `${rest.join('/')}/`
  const literal = pattern.split(/[*?[{]/)[0] ?? ''
  let token: string | undefined
  do {
    signal.throwIfAborted()
    const page = await s3
      .listObjectsV2({
        Bucket: bucket,
        Prefix: root + literal,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      })
      .catch(cause => {
        throw unreadable(base, `S3 does not list it: ${messageOf(cause)}`, cause)
      })
    for (const { Key: key = '' } of page.Contents ?? []) {
      const name = key.slice(root.length)
      if (name !== pattern && !matchesGlob(name, pattern)) continue
      const origin = `s3://${bucket}/${key}`
      yield { origin, open: opened => readObject(s3, { Bucket: bucket, Key: key }, origin, opened) }
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

/** @throws {TransferError} `SOURCE_UNREADABLE`, also when fewer or other bytes arrive than S3 announced. */
async function* readObject(
  s3: SourceS3,
  object: { Bucket: string; Key: string },
  origin: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let seen = 0
  let expected: number | undefined
  try {
    const { Body: body, ContentLength } = await s3.getObject(object, { abortSignal: signal })
    expected = ContentLength
    if (!isByteStream(body)) throw unreadable(origin, 'S3 answered without a body')
    for await (const chunk of body) {
      seen += chunk.length
      yield chunk
    }
  } catch (cause) {
    if (signal.aborted || cause instanceof TransferError) throw cause
    throw unreadable(origin, `it did not arrive whole, ${seen} bytes did: ${messageOf(cause)}`, cause)
  }
  if (expected !== undefined && expected !== seen)
    throw unreadable(origin, `${expected} bytes announced, ${seen} received`)
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

function isByteStream(body: object | undefined): body is AsyncIterable<Uint8Array> {
  return body !== undefined && Symbol.asyncIterator in body
}
