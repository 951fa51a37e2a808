import { readFile } from 'node:fs/promises'
import type { Caller, ObjectStore, StoredObject } from '../../services.ts'
import { AwsError } from '../../services.ts'
import { namedError } from '../query-error.ts'
import { parseS3Uri } from '../s3-uri.ts'

/** A table's files in S3, read and written as the caller of the query. */
export interface TableFiles {
  /** The stored object behind a URI; its bytes lie in a local file. */
  locate(uri: string): Promise<StoredObject>
  read(uri: string): Promise<Buffer>
  write(uri: string, bytes: Parameters<ObjectStore['put']>[3]): Promise<void>
  delete(uri: string): Promise<void>
}

/** Opens S3 for one caller. */
export function openTableFiles(store: ObjectStore, caller: Caller): TableFiles {
  const place = (uri: string): readonly [bucket: string, key: string] => {
    const location = parseS3Uri(uri)
    if (!location) throw namedError('ICEBERG_FILESYSTEM_ERROR', `Not an S3 location: ${uri}`)
    return [location.bucket, location.key]
  }
  const files: TableFiles = {
    async locate(uri) {
      try {
        return await store.get(caller, ...place(uri))
      } catch (error) {
        if (!(error instanceof AwsError) || error.code !== 'NoSuchKey') throw error
        throw namedError('ICEBERG_BAD_DATA', `Error opening Iceberg split ${uri}: file not found`)
      }
    },
    read: async uri => readFile((await files.locate(uri)).path),
    write: async (uri, bytes) => {
      await store.put(caller, ...place(uri), bytes)
    },
    delete: uri => store.delete(caller, ...place(uri)),
  }
  return files
}
