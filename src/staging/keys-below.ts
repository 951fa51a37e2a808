import type { ReadingS3 } from './s3-port.ts'

/** All keys of a folder in their order. Memory: a page of 1,000. */
export async function* keysBelow(
  s3: Pick<ReadingS3, 'listObjectsV2'>,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
): AsyncGenerator<string> {
  let token: string | undefined
  do {
    const page = await s3.listObjectsV2({
      Bucket: bucket,
      Prefix: prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key
    token = page.NextContinuationToken
  } while (token !== undefined)
}
