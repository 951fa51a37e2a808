import { attemptOfStagedKey, attemptOfStatusKey } from './our-names.ts'
import { isYoung, type SweepContext } from './sweep-context.ts'
import { isDenied } from './sweep-tally.ts'

/**
 * Ends uploads that were begun and left, where the customer lets us: the contract's policy does not grant it, and a
 * lifecycle rule of the customer's does it then. False when it may not even be asked. Memory: a page of uploads.
 */
export async function sweepUploads(context: SweepContext): Promise<boolean> {
  const { clients, destination, signal } = context
  const place = { Bucket: destination.bucket, Prefix: `${destination.schema}/` }
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  try {
    while (marker) {
      signal.throwIfAborted()
      const page: Page = await clients.s3.listMultipartUploads({ ...place, ...marker })
      for (const upload of page.Uploads ?? []) await sweepUpload(context, upload)
      marker = markerOf(page)
    }
    return true
  } catch (thrown) {
    if (isDenied(thrown)) return false
    throw thrown
  }
}

type Page = Awaited<ReturnType<SweepContext['clients']['s3']['listMultipartUploads']>>

function markerOf({ IsTruncated, NextKeyMarker, NextUploadIdMarker }: Page) {
  if (IsTruncated !== true || NextKeyMarker === undefined) return undefined
  return {
    KeyMarker: NextKeyMarker,
    ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
  }
}

async function sweepUpload(
  context: SweepContext,
  { Key = '', UploadId = '', Initiated }: NonNullable<Page['Uploads']>[number],
): Promise<void> {
  const { clients, destination, open, tally } = context
  const maker = attemptOfStagedKey(destination, Key) ?? attemptOfStatusKey(destination, Key)
  if (!maker) tally.keep('uploads', 'foreign')
  else if (open.transferIds.has(maker.transferId)) tally.keep('uploads', 'open')
  else if (isYoung(context, Initiated?.getTime())) tally.keep('uploads', 'young')
  else
    await tally.remove('uploads', 0, () =>
      clients.s3.abortMultipartUpload({ Bucket: destination.bucket, Key, UploadId }),
    )
}
