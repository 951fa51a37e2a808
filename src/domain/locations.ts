/** The part of a destination that decides where things lie. */
interface Place {
  readonly bucket: string
  readonly database: string
  readonly schema: string
}

/** `s3://bucket/key`. */
export function s3Uri(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`
}

/** Bucket and key of an `s3://` URI; undefined for another. */
export function parseS3Uri(uri: string): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key] = /^s3[an]?:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  return bucket === undefined || key === undefined ? undefined : { bucket, key }
}

/** Folder of one attempt's staged files of one model; ends with `/`. Write-once: a new attempt has a new folder. */
export function stagingPrefix(place: Place, transferId: string, table: string, attempt: string): string {
  return `${place.schema}/staging/${transferId}/${table}/${attempt}/`
}

/** Folder of an Iceberg table; `id` is fresh each time the table is created. */
export function tablePrefix(place: Place, table: string, id: string): string {
  return `${place.schema}/${table}_${id}/`
}

/** Folder of the quarantined rows of one model in one transfer. */
export function rejectedPrefix(place: Place, transferId: string, table: string): string {
  return `${rejectedOfTransferPrefix(place, transferId)}${table}/`
}

/** Folder of all quarantined rows of one transfer. */
export function rejectedOfTransferPrefix(place: Place, transferId: string): string {
  return `${place.schema}/rejected/${transferId}/`
}

/** Folder of the one file behind `_transfer_status`; each try of a transfer to write it has its own. */
export function statusPrefix(place: Place, transferId: string, attempt: string): string {
  return `${place.schema}/transfer_status/${transferId}/${attempt}/`
}

/** Key of the record of what was loaded into a table. */
export function tableRecordKey(place: Place, table: string): string {
  return `${place.schema}/_tables/${table}.json`
}

/**
 * Key of the note that an overwrite by swap leaves of the table's old folder and its new one; the one that no table lies
 * in is to be removed.
 */
export function swapNoteKey(place: Place, table: string, attempt: string): string {
  return `${place.schema}/_swaps/${table}/${attempt}.json`
}

/** Key of a model's manifest for one transfer. */
export function manifestKey(place: Place, table: string, transferId: string, day: string): string {
  return `${place.schema}/_manifests/${table}/dt=${day}/manifest_${transferId}.json`
}

/** Where Athena writes results, as an `s3://` folder. */
export function resultsLocation(place: Place): string {
  return s3Uri(place.bucket, `${place.database}/athena_output/`)
}
