/** A bucket and a key, or a prefix of keys. */
export interface S3Location {
  readonly bucket: string
  readonly key: string
}

/** Reads `s3://bucket/key` (also `s3a`, `s3n`); none for anything else. */
export function parseS3Uri(uri: string): S3Location | undefined {
  const found = /^s3[an]?:\/\/([^/]+)(?:\/(.*))?$/s.exec(uri)
  return found?.[1] === undefined ? undefined : { bucket: found[1], key: found[2] ?? '' }
}

/** Adds a name to a folder's URI, whether or not that ends in a slash. */
export function joinUri(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, '')}/${name}`
}
