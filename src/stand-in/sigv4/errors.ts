import { AwsError } from '../services.ts'

/** The families that name the same failures differently: S3's XML, the Query protocol (STS), JSON 1.1. */
export type Protocol = 's3' | 'query' | 'json'

/** What can be wrong with a signature. */
export type SignatureProblem =
  | 'missing'
  | 'malformed'
  | 'unknown-key'
  | 'bad-token'
  | 'expired-token'
  | 'mismatch'
  | 'skewed'
  | 'url-expired'
  | 'unsigned-headers'

type ErrorRow = readonly [code: string, httpStatus: number, message: string]

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

const INVALID_TOKEN = 'The security token included in the request is invalid.'

const EXPIRED_TOKEN = 'The security token included in the request is expired'

const INCOMPLETE =
  'Authorization header requires existence of a valid Credential, SignedHeaders and Signature.'

const SKEWED = 'Signature expired: the date of the request is more than 15 minutes from the current time.'

/** Names, HTTP codes and messages as the three families answer. */
const ERRORS: Readonly<Record<SignatureProblem, Readonly<Record<Protocol, ErrorRow>>>> = {
  missing: {
    s3: ['AccessDenied', 403, 'Access Denied'],
    query: ['MissingAuthenticationToken', 403, 'Request is missing Authentication Token'],
    json: ['MissingAuthenticationTokenException', 400, 'Missing Authentication Token'],
  },
  malformed: {
    s3: ['AuthorizationHeaderMalformed', 400, 'The authorization header that you provided is not valid.'],
    query: ['IncompleteSignature', 400, INCOMPLETE],
    json: ['IncompleteSignatureException', 400, INCOMPLETE],
  },
  'unknown-key': {
    s3: ['InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.'],
    query: ['InvalidClientTokenId', 403, INVALID_TOKEN],
    json: ['UnrecognizedClientException', 400, INVALID_TOKEN],
  },
  'bad-token': {
    s3: ['InvalidToken', 400, 'The provided token is malformed or otherwise invalid.'],
    query: ['InvalidClientTokenId', 403, INVALID_TOKEN],
    json: ['UnrecognizedClientException', 400, INVALID_TOKEN],
  },
  'expired-token': {
    s3: ['ExpiredToken', 400, 'The provided token has expired.'],
    query: ['ExpiredToken', 403, EXPIRED_TOKEN],
    json: ['ExpiredTokenException', 400, EXPIRED_TOKEN],
  },
  mismatch: {
    s3: [
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    ],
    query: ['SignatureDoesNotMatch', 403, MISMATCH],
    json: ['InvalidSignatureException', 400, MISMATCH],
  },
  skewed: {
    s3: [
      'RequestTimeTooSkewed',
      403,
      'The difference between the request time and the current time is too large.',
    ],
    query: ['SignatureDoesNotMatch', 403, SKEWED],
    json: ['InvalidSignatureException', 400, SKEWED],
  },
  'url-expired': {
    s3: ['AccessDenied', 403, 'Request has expired'],
    query: ['SignatureDoesNotMatch', 403, SKEWED],
    json: ['InvalidSignatureException', 400, SKEWED],
  },
  'unsigned-headers': {
    s3: ['AccessDenied', 403, 'There were headers present in the request which were not signed'],
    query: ['SignatureDoesNotMatch', 403, MISMATCH],
    json: ['InvalidSignatureException', 400, MISMATCH],
  },
}

/** The error that one family of services answers for a problem with a signature. */
export function signatureError(problem: SignatureProblem, protocol: Protocol): AwsError {
  const [code, httpStatus, message] = ERRORS[problem][protocol]
  return new AwsError(code, httpStatus, message)
}
