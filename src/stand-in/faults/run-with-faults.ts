import { setTimeout as delay } from 'node:timers/promises'
import { AwsError, type FaultSubject, type Faults } from '../services.ts'
import { type Protocol, signatureError } from '../sigv4/errors.ts'

/** One call, where faults may strike. */
export interface FaultSite {
  /** `<service>.<Action>`. */
  readonly name: string
  readonly subject: FaultSubject
  readonly protocol: Protocol
  /** Ends the caller's session; absent for callers that have none. */
  readonly expire?: (() => Promise<void>) | undefined
  /** Takes the caller's role away; absent for callers that have none. */
  readonly revoke?: (() => Promise<void>) | undefined
}

/** Tells the server to destroy the connection instead of answering. */
export class ConnectionReset extends Error {}

/**
 * Runs one call under the faults that are switched on: those before its effect, and those that spoil the answer once the
 * effect is done.
 * @throws {AwsError} as the service would word it.
 * @throws {ConnectionReset}
 */
export async function runWithFaults<Result>(
  faults: Faults,
  site: FaultSite,
  work: () => Promise<Result>,
): Promise<Result> {
  const strike = (kind: string) => faults.strike(`${site.name}.${kind}`, site.subject)
  const slow = strike('slow')
  if (slow) await delay(slow.delayMs)
  if (strike('reset')) throw new ConnectionReset()
  if (site.revoke && strike('revoke')) await site.revoke()
  if (site.expire && strike('expire')) {
    await site.expire()
    throw signatureError('expired-token', site.protocol)
  }
  for (const kind of ['throttle', 'quota', '500', '503'] as const) {
    if (strike(kind)) throw faultError(kind, site)
  }
  if (strike('twice')) await work()
  const result = await work()
  const late = strike('late')
  if (late) await delay(late.delayMs)
  if (strike('500-after-commit')) throw faultError('500', site)
  if (strike('reset-after-commit')) throw new ConnectionReset()
  return result
}

function faultError(
  kind: 'throttle' | 'quota' | '500' | '503',
  { name, protocol }: Pick<FaultSite, 'name' | 'protocol'>,
): AwsError {
  switch (kind) {
    case '503':
      return new AwsError('ServiceUnavailable', 503, 'Service is unable to handle request.')
    case '500':
      return new AwsError(INTERNAL_ERRORS[name.split('.')[0] ?? ''] ?? 'InternalError', 500, INTERNAL)
    case 'quota':
      return new AwsError('TooManyRequestsException', 400, QUOTA, {
        Reason: 'CONCURRENT_QUERY_LIMIT_EXCEEDED',
      })
    case 'throttle':
      if (protocol === 's3') return new AwsError('SlowDown', 503, 'Please reduce your request rate.')
      return new AwsError(protocol === 'query' ? 'Throttling' : 'ThrottlingException', 400, 'Rate exceeded')
  }
}

/** What each service calls its own failures. */
const INTERNAL_ERRORS: Readonly<Record<string, string>> = {
  s3: 'InternalError',
  sts: 'InternalFailure',
  glue: 'InternalServiceException',
  athena: 'InternalServerException',
}

const INTERNAL = 'We encountered an internal error. Please try again.'

const QUOTA =
  'You have exceeded the limit for the number of queries you can run concurrently. Please reduce the number of concurrent queries submitted by this account. Contact customer support to request a concurrent query limit increase.'
