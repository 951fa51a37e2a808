import type { Clock } from '../clock.ts'
import type { Answer, Call } from '../http/call.ts'
import { element, leaf } from '../http/xml.ts'
import type { Audit } from '../iam/audit.ts'
import type { Identities, Session } from '../iam/identities.ts'
import type { TokenIssuer } from '../identity-provider/tokens.ts'
import { AwsError } from '../services.ts'
import type { Verified } from '../sigv4/verify.ts'
import { assumeRole } from './assume-role.ts'
import { assumeRoleWithWebIdentity } from './web-identity.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** What STS is made of. */
export interface StsDeps {
  readonly identities: Identities
  readonly audit: Audit
  readonly issuer: TokenIssuer
  readonly clock: Clock
}

/**
 * Answers one Query request. `verified` is undefined for an unsigned one, which only `AssumeRoleWithWebIdentity` takes.
 * @throws {AwsError}
 */
export async function answerSts(
  deps: StsDeps,
  call: Call,
  parameters: ReadonlyMap<string, string>,
  verified: Verified | undefined,
): Promise<Answer> {
  const action = parameters.get('Action') ?? ''
  if (action === 'AssumeRoleWithWebIdentity')
    return answer(call, action, await webIdentityResult(deps, parameters))
  if (!verified)
    throw new AwsError('MissingAuthenticationToken', 403, 'Request is missing Authentication Token')
  switch (action) {
    case 'AssumeRole': {
      const { session, roleId } = await assumeRole(deps, parameters, verified.caller, verified.principal)
      return answer(call, action, [credentials(session), assumedRoleUser(deps.identities, session, roleId)])
    }
    case 'GetCallerIdentity':
      return answer(call, action, [
        leaf('Arn', verified.caller.arn),
        leaf('UserId', verified.principal.userId),
        leaf('Account', verified.caller.accountId),
      ])
    default:
      throw new AwsError('InvalidAction', 400, `Could not find operation ${action} for version 2011-06-15`)
  }
}

async function webIdentityResult(deps: StsDeps, parameters: ReadonlyMap<string, string>): Promise<string[]> {
  const { session, claims, roleId } = await assumeRoleWithWebIdentity(deps, parameters)
  return [
    leaf('Audience', claims.aud),
    assumedRoleUser(deps.identities, session, roleId),
    leaf('Provider', 'accounts.google.com'),
    credentials(session),
    leaf('SubjectFromWebIdentityToken', claims.sub),
  ]
}

function credentials(session: Session): string {
  return element('Credentials', [
    leaf('AccessKeyId', session.accessKeyId),
    leaf('SecretAccessKey', session.secretAccessKey),
    leaf('SessionToken', session.sessionToken),
    leaf('Expiration', new Date(session.expiresAtMs).toISOString().replace('.000Z', 'Z')),
  ])
}

function assumedRoleUser(identities: Identities, session: Session, roleId: string): string {
  const partition = identities.accounts.get(session.accountId)?.partition ?? 'aws'
  const arn = `arn:${partition}:sts::${session.accountId}:assumed-role/${session.roleName}/${session.sessionName}`
  return element('AssumedRoleUser', [
    leaf('AssumedRoleId', `${roleId}:${session.sessionName}`),
    leaf('Arn', arn),
  ])
}

function answer(call: Call, action: string, result: readonly string[]): Answer {
  const metadata = element('ResponseMetadata', [leaf('RequestId', call.requestId)])
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': call.requestId },
    body: element(`${action}Response`, [element(`${action}Result`, result), metadata], NAMESPACE),
  }
}
