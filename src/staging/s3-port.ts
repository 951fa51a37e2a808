/** The part of S3's client that staging needs; `@aws-sdk/client-s3`'s `S3` fits it. */
export interface StagingS3 {
  putObject(
    input: {
      Bucket: string
      Key: string
      Body: Uint8Array
      ContentType?: string
      /** ETag of the object that this one replaces; another one there is `PreconditionFailed`. */
      IfMatch?: string
      /** `PreconditionFailed` when there is an object. */
      IfNoneMatch?: '*'
    },
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ ETag?: string | undefined }>
  createMultipartUpload(input: {
    Bucket: string
    Key: string
    ContentType?: string
  }): Promise<{ UploadId?: string | undefined }>
  uploadPart(
    input: { Bucket: string; Key: string; UploadId: string; PartNumber: number; Body: Uint8Array },
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ ETag?: string | undefined; ChecksumCRC32?: string | undefined }>
  completeMultipartUpload(input: {
    Bucket: string
    Key: string
    UploadId: string
    MultipartUpload: { Parts: { PartNumber: number; ETag: string; ChecksumCRC32?: string }[] }
  }): Promise<{ ETag?: string | undefined }>
  abortMultipartUpload(input: { Bucket: string; Key: string; UploadId: string }): Promise<unknown>
  deleteObject(input: { Bucket: string; Key: string }): Promise<unknown>
}

/** An object's bytes, as the SDK gives them in Node: a stream that can be read whole, too. */
export type ObjectBody = object & { transformToString(): Promise<string> }

/** The part of S3's client that looking at what was staged needs; `@aws-sdk/client-s3`'s `S3` fits it. */
export interface ReadingS3 {
  listObjectsV2(input: { Bucket: string; Prefix: string; ContinuationToken?: string }): Promise<{
    Contents?:
      | { Key?: string | undefined; LastModified?: Date | undefined; Size?: number | undefined }[]
      | undefined
    NextContinuationToken?: string | undefined
  }>
  getObject(
    input: { Bucket: string; Key: string },
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ Body?: ObjectBody | undefined; ETag?: string | undefined }>
}
