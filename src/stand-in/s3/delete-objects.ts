import type { Answer, Call } from '../http/call.ts'
import { childrenNamed, childText, element, leaf } from '../http/xml.ts'
import { AwsError } from '../services.ts'
import { emptyAnswer, xmlAnswer } from './answers.ts'
import { invalidRequest, s3Error } from './errors.ts'
import { readXml } from './read-xml.ts'
import { authorizeS3, requireBucket, type S3Deps, type S3Request } from './request.ts'
import type { Bucket } from './storage.ts'

/** Keys that one DeleteObjects names at most. */
const MAX_KEYS = 1000

/** DeleteObject: 204, also for a key that is not there. */
export async function deleteObject(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  authorizeS3(deps, request.caller, 's3:DeleteObject', { bucket, key: request.key })
  await deps.storage.removeObject(bucket.name, request.key)
  return emptyAnswer(request.call, 204)
}

/** DeleteObjects: each key is authorised by itself and its refusal reported in the answer. */
export async function deleteObjects(deps: S3Deps, request: S3Request): Promise<Answer> {
  const bucket = requireBucket(deps, request)
  if (!hasIntegrity(request.call))
    throw invalidRequest('Missing required header for this request: Content-MD5 OR x-amz-checksum-*')
  const root = await readXml(request, 'of-body')
  const keys = childrenNamed(root, 'Object').map(object => childText(object, 'Key') ?? '')
  if (keys.length === 0 || keys.length > MAX_KEYS || keys.includes('')) throw s3Error('MalformedXML')
  const quiet = childText(root, 'Quiet') === 'true'
  const results = await Promise.all(keys.map(key => deleteOne(deps, request, bucket, key)))
  return xmlAnswer(
    request.call,
    'DeleteResult',
    results.map(result =>
      'error' in result
        ? errorXml(result.key, result.error)
        : quiet
          ? ''
          : element('Deleted', [leaf('Key', result.key)]),
    ),
  )
}

type Deletion = { readonly key: string } | { readonly key: string; readonly error: AwsError }

async function deleteOne(deps: S3Deps, request: S3Request, bucket: Bucket, key: string): Promise<Deletion> {
  try {
    authorizeS3(deps, request.caller, 's3:DeleteObject', { bucket, key })
  } catch (error) {
    if (error instanceof AwsError) return { key, error }
    throw error
  }
  await deps.storage.removeObject(bucket.name, key)
  return { key }
}

function errorXml(key: string, error: AwsError): string {
  return element('Error', [leaf('Key', key), leaf('Code', error.code), leaf('Message', error.message)])
}

function hasIntegrity(call: Call): boolean {
  const names = [...call.headers.keys()]
  return (
    names.includes('content-md5') ||
    names.includes('x-amz-trailer') ||
    names.some(name => name.startsWith('x-amz-checksum-'))
  )
}
