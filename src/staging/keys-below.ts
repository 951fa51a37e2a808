import type { ReadingS3 } from './s3-port.ts'

/** An object as a listing tells it. */
export interface ListedObject {
  readonly key: string
  /** Milliseconds since 1970, by S3's clock; undefined when it was not told. */
  readonly modifiedMs: number | undefined
  readonly bytes: number
}

/** All objects of a folder in the order of their keys. Memory: a page of 1,000. */
export async function* objectsBelow(
  s3: Pick<ReadingS3, 'listObjectsV2'>,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
): AsyncGenerator<ListedObject> {
  let token: string | undefined
  do {
    const page = await s3.listObjectsV2({
      Bucket: bucket,
      Prefix: prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    for (const { Key, LastModified, Size = 0 } of page.Contents ?? [])
      if (Key !== undefined) yield { key: Key, modifiedMs: LastModified?.getTime(), bytes: Size }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

/** All keys of a folder in their order. Memory: a page of 1,000. */
export async function* keysBelow(
  s3: Pick<ReadingS3, 'listObjectsV2'>,
  folder: { readonly bucket: string; readonly prefix: string },
): AsyncGenerator<string> {
  for await (const { key } of objectsBelow(s3, folder)) yield key
}
