import { ADMIN_PREFIX, answerAdmin } from '../admin/routes.ts'
import type { AdminDeps } from '../admin/world.ts'
import { sessionEnds } from '../faults/end-session.ts'
import { ConnectionReset, type FaultSite, runWithFaults } from '../faults/run-with-faults.ts'
import { spoilAnswer } from '../faults/spoil-body.ts'
import { subjectOf, subjectOfRole } from '../faults/subject.ts'
import { answerIdentityProvider, isIdentityProviderPath } from '../identity-provider/routes.ts'
import type { S3Deps } from '../s3/request.ts'
import { answerS3 } from '../s3/service.ts'
import { AwsError, type JsonService } from '../services.ts'
import { sha256Hex } from '../sigv4/canonical-request.ts'
import { readClaim, type SignatureClaim } from '../sigv4/credential.ts'
import { type Protocol, signatureError } from '../sigv4/errors.ts'
import { type Verified, verifySignature } from '../sigv4/verify.ts'
import { answerSts } from '../sts/service.ts'
import { type Answer, type Call, parseQuery } from './call.ts'
import { errorAnswer, toAwsError } from './error-answer.ts'
import { readBody } from './read-body.ts'

/** All that answers behind the one port. */
export interface RouterDeps extends AdminDeps, S3Deps {
  /** JSON services by the name that scopes of signatures have: `glue`, `athena`. */
  readonly jsonServices: ReadonlyMap<string, JsonService>
}

/** Largest body of a JSON or Query request, in bytes. */
const MAX_BODY_BYTES = 16 * 1024 ** 2

/**
 * Answers one request, errors included, with the time of this service's clock.
 * @throws {ConnectionReset} when a fault wants no answer at all.
 */
export async function route(deps: RouterDeps, call: Call): Promise<Answer> {
  const { status, headers, ...rest } = await routeToService(deps, call)
  return { status, headers: { date: new Date(deps.clock.nowMs()).toUTCString(), ...headers }, ...rest }
}

async function routeToService(deps: RouterDeps, call: Call): Promise<Answer> {
  if (call.rawPath.startsWith(ADMIN_PREFIX)) return answerAdmin(deps, call)
  if (isIdentityProviderPath(call.rawPath)) return answerIdentityProvider(call, deps)
  const claim = readClaim(call)
  const protocol = protocolOf(call, claim)
  try {
    switch (protocol) {
      case 's3':
        return await routeS3(deps, call, claim)
      case 'query':
        return await routeSts(deps, call, claim)
      case 'json':
        return await routeJson(deps, call, claim)
    }
  } catch (error) {
    if (error instanceof ConnectionReset) throw error
    return errorAnswer(toAwsError(error, protocol), call, protocol)
  }
}

type Claim = ReturnType<typeof readClaim>

/** By the scope's service; a request without a readable scope, by what only one family sends. */
function protocolOf(call: Call, claim: Claim): Protocol {
  if (claim !== undefined && claim !== 'malformed') {
    if (claim.scope.service === 's3') return 's3'
    return claim.scope.service === 'sts' ? 'query' : 'json'
  }
  if (call.headers.has('x-amz-target')) return 'json'
  const isForm = call.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false
  return call.method === 'POST' && isForm ? 'query' : 's3'
}

function readable(claim: Claim, protocol: Protocol): SignatureClaim {
  if (claim === undefined) throw signatureError('missing', protocol)
  if (claim === 'malformed') throw signatureError('malformed', protocol)
  return claim
}

async function routeS3(deps: RouterDeps, call: Call, claim: Claim): Promise<Answer> {
  const signed = readable(claim, 's3')
  const header = call.headers.get('x-amz-content-sha256')
  const payloadHash = header ?? (signed.place === 'query' ? 'UNSIGNED-PAYLOAD' : undefined)
  if (payloadHash === undefined)
    throw new AwsError(
      'InvalidRequest',
      400,
      'Missing required header for this request: x-amz-content-sha256',
    )
  const options = {
    identities: deps.identities,
    payloadHash,
    protocol: 's3',
    nowMs: deps.clock.nowMs(),
  } as const
  const verified = verifySignature(call, signed, options)
  return answerS3(deps, call, verified, { payloadHash, ...sessionEnds(deps, verified) })
}

/** Verifies a request whose body is small, against the hash of what really came. */
function verifySmall(
  deps: RouterDeps,
  call: Call,
  claim: SignatureClaim,
  body: Buffer,
  protocol: Protocol,
): Verified {
  const payloadHash = sha256Hex(body)
  const { identities, clock } = deps
  return verifySignature(call, claim, { identities, payloadHash, protocol, nowMs: clock.nowMs() })
}

async function routeSts(deps: RouterDeps, call: Call, claim: Claim): Promise<Answer> {
  const body = await readBody(call.body, MAX_BODY_BYTES)
  const parameters = new Map([...call.query, ...parseQuery(body.toString())])
  const verified =
    claim === undefined ? undefined : verifySmall(deps, call, readable(claim, 'query'), body, 'query')
  const text = body.toString()
  const site: FaultSite = {
    name: `sts.${parameters.get('Action') ?? ''}`,
    subject: verified ? subjectOf(verified.caller, text) : subjectOfRole(parameters.get('RoleArn'), text),
    protocol: 'query',
    ...(verified && sessionEnds(deps, verified)),
  }
  const answer = await runWithFaults(deps.faults, site, () => answerSts(deps, call, parameters, verified))
  return spoilAnswer(deps.faults, site, answer)
}

async function routeJson(deps: RouterDeps, call: Call, claim: Claim): Promise<Answer> {
  const signed = readable(claim, 'json')
  const body = await readBody(call.body, MAX_BODY_BYTES)
  const verified = verifySmall(deps, call, signed, body, 'json')
  const { caller } = verified
  const service = deps.jsonServices.get(signed.scope.service)
  const [target, action] = (call.headers.get('x-amz-target') ?? '').split('.')
  if (!service || action === undefined || TARGETS[signed.scope.service] !== target)
    throw new AwsError(
      'UnknownOperationException',
      400,
      `${signed.scope.service} does not know ${target}.${action}`,
    )
  const site: FaultSite = {
    name: `${signed.scope.service}.${action}`,
    subject: subjectOf(caller, body.toString()),
    protocol: 'json',
    ...sessionEnds(deps, verified),
  }
  const handle = (): Promise<unknown> => service.handle(action, parseJson(body), caller)
  const result = await runWithFaults(deps.faults, site, handle)
  return spoilAnswer(deps.faults, site, {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': call.requestId },
    body: JSON.stringify(result ?? {}),
  })
}

/** The prefix of `X-Amz-Target` of each JSON service. */
const TARGETS: Readonly<Record<string, string>> = { glue: 'AWSGlue', athena: 'AmazonAthena' }

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {}
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new AwsError('SerializationException', 400, 'The request body is not valid JSON.')
  }
}
