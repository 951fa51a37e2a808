import { AwsError } from '../services.ts'
import type { Protocol } from '../sigv4/errors.ts'
import type { Answer, Call } from './call.ts'
import { document, element, leaf } from './xml.ts'

/** Any failure as an `AwsError`; what is none is a bug here and answers 500, with the reason on stderr. */
export function toAwsError(error: unknown, protocol: Protocol): AwsError {
  if (error instanceof AwsError) return error
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  const code = protocol === 'json' ? 'InternalServiceException' : 'InternalError'
  return new AwsError(code, 500, 'We encountered an internal error. Please try again.')
}

/** An error in the words of a family of services, with the request id where each puts it. */
export function errorAnswer(error: AwsError, call: Call, protocol: Protocol): Answer {
  switch (protocol) {
    case 's3':
      return s3Error(error, call)
    case 'query':
      return queryError(error, call)
    case 'json':
      return jsonError(error, call)
  }
}

/** Extra members of an S3 error go into the body, but for `headers`, which are the answer's own. */
function s3Error(error: AwsError, call: Call): Answer {
  const { headers = {}, ...extra } = error.extra
  const body = element('Error', [
    leaf('Code', error.code),
    leaf('Message', error.message),
    ...Object.entries(extra).map(([name, value]) => leaf(name, String(value))),
    leaf('Resource', call.rawPath),
    leaf('RequestId', call.requestId),
    leaf('HostId', 'stand-in'),
  ])
  const ids = { 'x-amz-request-id': call.requestId, 'x-amz-id-2': 'stand-in' }
  if (error.httpStatus === 304) return { status: 304, headers: { ...ids, ...stringEntries(headers) } }
  return {
    status: error.httpStatus,
    headers: { 'content-type': 'application/xml', ...ids, ...stringEntries(headers) },
    body: document(body),
  }
}

function stringEntries(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
}

function queryError(error: AwsError, call: Call): Answer {
  const type = error.httpStatus < 500 ? 'Sender' : 'Receiver'
  const detail = element('Error', [
    leaf('Type', type),
    leaf('Code', error.code),
    leaf('Message', error.message),
  ])
  const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'
  return {
    status: error.httpStatus,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': call.requestId },
    body: element('ErrorResponse', [detail, leaf('RequestId', call.requestId)], namespace),
  }
}

function jsonError(error: AwsError, call: Call): Answer {
  return {
    status: error.httpStatus,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': call.requestId,
      'x-amzn-errortype': error.code,
    },
    body: JSON.stringify({ __type: error.code, Message: error.message, ...error.extra }),
  }
}
