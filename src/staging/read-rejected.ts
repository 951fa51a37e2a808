import { Readable } from 'node:stream'
import { linesOf } from '../domain/lines.ts'
import { type RejectedRow, rejectedRowSchema } from '../domain/rejected-row.ts'
import { keysBelow } from './keys-below.ts'
import { REJECTED_FILE } from './rejected-rows.ts'
import type { ReadingS3 } from './s3-port.ts'

/** A rejected row of a transfer, and the target table of its model. */
export type RejectedRowOfTable = { readonly table: string } & RejectedRow

/** Where a transfer's rejected rows lie, and which of them are wanted. */
export interface RejectedPlace {
  readonly bucket: string
  /** Folder of all rejected rows of the transfer, with its trailing slash. */
  readonly prefix: string
  readonly isWanted: (table: string) => boolean
}

/**
 * The rejected rows of a transfer from the customer's bucket: tables by name, rows in the order of their source.
 * Memory: a page of keys and a chunk of rows.
 */
export async function* readRejected(
  s3: ReadingS3,
  place: RejectedPlace,
  signal: AbortSignal,
): AsyncGenerator<RejectedRowOfTable> {
  for await (const key of keysBelow(s3, place)) {
    const [table = '', file, ...deeper] = key.slice(place.prefix.length).split('/')
    if (file !== REJECTED_FILE || deeper.length > 0 || !place.isWanted(table)) continue
    const { Body } = await s3.getObject({ Bucket: place.bucket, Key: key }, { abortSignal: signal })
    if (!(Body instanceof Readable)) throw new Error(`S3 answered without a body for ${key}`)
    for await (const line of linesOf(Body))
      yield { table, ...rejectedRowSchema.parse(JSON.parse(line.toString())) }
  }
}
