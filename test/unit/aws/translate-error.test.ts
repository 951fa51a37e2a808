import { expect, it } from 'vitest'
import { translateAwsError } from '../../../src/aws/translate-error.ts'

const place = {
  name: 'acme',
  region: 'eu-west-1',
  workgroup: 'primary',
  bucket: 'b',
  schema: 's',
  accountId: '123456789012',
}
const call = { service: 's3', operation: 'PutObject', bucket: 'b', key: 's/x' }

function awsError(name: string, message: string, extra: object = {}): Error {
  return Object.assign(new Error(message), { name, ...extra })
}

it.each([
  ['ThrottlingException', 'AWS_THROTTLED', true],
  ['SlowDown', 'AWS_THROTTLED', true],
  ['InvalidAccessKeyId', 'CREDENTIALS_REJECTED', false],
  ['BadDigest', 'AWS_UNAVAILABLE', true],
  ['RequestTimeTooSkewed', 'AWS_UNAVAILABLE', true],
  ['ResourceNumberLimitExceededException', 'DESTINATION_UNUSABLE', false],
  ['NoSuchBucket', 'DESTINATION_UNUSABLE', false],
  ['ECONNREFUSED', 'AWS_UNAVAILABLE', true],
  ['InternalError', 'AWS_UNAVAILABLE', true],
])('names %s as %s', (name, code, retryable) => {
  const thrown = awsError(name, 'x', { $metadata: { httpStatusCode: name === 'InternalError' ? 500 : 400 } })
  if (name === 'ECONNREFUSED') Object.assign(thrown, { code: name })
  expect(translateAwsError(thrown, call, place)).toMatchObject({ code, retryable })
})

it('names the region where the bucket really is', () => {
  const thrown = awsError('PermanentRedirect', 'x', {
    $response: { headers: { 'x-amz-bucket-region': 'us-east-2' } },
  })
  expect(translateAwsError(thrown, call, place)).toMatchObject({
    message: 'destination "acme": bucket "b" is in region us-east-2, not in eu-west-1',
  })
})

it('names action and resource from the call when S3 says no more than Access Denied', () => {
  expect(
    translateAwsError(awsError('AccessDenied', 'Access Denied'), { ...call, operation: 'UploadPart' }, place),
  ).toMatchObject({
    code: 'ACCESS_DENIED',
    details: { action: 's3:PutObject', resource: 'arn:aws:s3:::b/s/x' },
    hint: expect.stringContaining('"Sid":"AllowS3AccessToBucket"'),
  })
})

it("leaves an operation's own exceptions to its caller", () => {
  const thrown = awsError('EntityNotFoundException', 'no table', { $metadata: { httpStatusCode: 400 } })
  expect(translateAwsError(thrown, call, place)).toBe(thrown)
})
