import type { Call } from '../http/call.ts'
import { partitionOf } from '../iam/arn.ts'
import type { Identities } from '../iam/identities.ts'
import { findPrincipal, type Principal } from '../iam/principal.ts'
import type { Caller } from '../services.ts'
import { canonicalRequest } from './canonical-request.ts'
import { amzDateMs, type SignatureClaim } from './credential.ts'
import { type Protocol, type SignatureProblem, signatureError } from './errors.ts'
import { type Scope, sameSignature, sign, signingKey, stringToSign } from './signature.ts'

/** A request whose signature is right. */
export interface Verified {
  readonly caller: Caller
  readonly principal: Principal
  /** What signed chunks of the body build upon. */
  readonly seed: SignatureSeed
}

/** The start of a chain of chunk signatures. */
export interface SignatureSeed {
  readonly key: Buffer
  readonly scope: Scope
  readonly amzDate: string
  readonly signature: string
}

/** How far a request's clock may be off, either way. */
const MAX_SKEW_MS = 15 * 60_000

/**
 * Verifies a claim against the secrets kept here.
 *
 * `payloadHash` is what the canonical request ends with: the body's SHA-256 in hexadecimal or one of S3's markers.
 * @throws {AwsError} under the name that the claim's family of services uses.
 */
export function verifySignature(
  call: Call,
  claim: SignatureClaim,
  options: { identities: Identities; payloadHash: string; protocol: Protocol; nowMs: number },
): Verified {
  const refuse = (problem: SignatureProblem): never => {
    throw signatureError(problem, options.protocol)
  }
  const principal = findPrincipal(options.identities, claim.accessKeyId)
  if (!principal || principal.partition !== partitionOf(claim.scope.region))
    throw signatureError('unknown-key', options.protocol)
  const key = signingKey(principal.secretAccessKey, claim.scope)
  const canonical = canonicalRequest({
    ...call,
    signedHeaders: claim.signedHeaders,
    payloadHash: options.payloadHash,
    service: claim.scope.service,
  })
  const expected = sign(key, stringToSign(claim.amzDate, claim.scope, canonical))
  if (!sameSignature(expected, claim.signature)) refuse('mismatch')
  const { nowMs } = options
  const problem =
    timeProblem(claim, nowMs) ?? tokenProblem(claim, principal, nowMs) ?? headerProblem(call, claim)
  if (problem) refuse(problem)
  return {
    principal,
    caller: {
      accountId: principal.accountId,
      arn: principal.arn,
      accessKeyId: claim.accessKeyId,
      region: claim.scope.region,
      sourceIp: call.sourceIp,
    },
    seed: { key, scope: claim.scope, amzDate: claim.amzDate, signature: claim.signature },
  }
}

function timeProblem(claim: SignatureClaim, nowMs: number): SignatureProblem | undefined {
  const ageMs = nowMs - amzDateMs(claim.amzDate)
  if (Number.isNaN(ageMs) || ageMs < -MAX_SKEW_MS) return 'skewed'
  if (claim.expiresSeconds !== undefined)
    return ageMs > claim.expiresSeconds * 1000 ? 'url-expired' : undefined
  return ageMs > MAX_SKEW_MS ? 'skewed' : undefined
}

function tokenProblem(
  claim: SignatureClaim,
  principal: Principal,
  nowMs: number,
): SignatureProblem | undefined {
  const { session } = principal
  if (session && claim.sessionToken === undefined) return 'unknown-key'
  if (claim.sessionToken !== session?.sessionToken) return 'bad-token'
  return session && session.expiresAtMs <= nowMs ? 'expired-token' : undefined
}

/** S3 insists that every `x-amz-` header be signed; so does the stand-in, for all services. */
function headerProblem(call: Call, claim: SignatureClaim): SignatureProblem | undefined {
  if (claim.place === 'query') return undefined
  const unsigned = [...call.headers.keys()].filter(
    name => name.startsWith('x-amz-') && !claim.signedHeaders.includes(name),
  )
  return unsigned.length > 0 ? 'unsigned-headers' : undefined
}
