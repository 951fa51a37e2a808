import type { Clock } from '../clock.ts'
import type { Audit } from '../iam/audit.ts'
import { conditionKeys } from '../iam/conditions.ts'
import type { Identities, Session } from '../iam/identities.ts'
import { evaluateTrust } from '../iam/trust.ts'
import type { IdentityClaims, TokenIssuer } from '../identity-provider/tokens.ts'
import { AwsError } from '../services.ts'
import { durationSeconds, findRole, required, sessionName, sessionPolicy } from './parameters.ts'
import { createSession } from './sessions.ts'

/** The provider that IAM knows without being told. */
const GOOGLE = 'accounts.google.com'

const ACTION = 'sts:AssumeRoleWithWebIdentity'

/** What a successful `AssumeRoleWithWebIdentity` answers with. */
export interface WebIdentitySession {
  readonly session: Session
  readonly claims: IdentityClaims
  readonly roleId: string
}

/**
 * Assumes a role with a Google ID token: signature, issuer and expiry first, then the role's trust policy.
 * @throws {AwsError} `InvalidIdentityToken`, `ExpiredTokenException`, `AccessDenied`, `ValidationError`.
 */
export async function assumeRoleWithWebIdentity(
  deps: { identities: Identities; audit: Audit; issuer: TokenIssuer; clock: Clock },
  parameters: ReadonlyMap<string, string>,
): Promise<WebIdentitySession> {
  const arn = required(parameters, 'RoleArn')
  const name = sessionName(parameters)
  const claims = readToken(deps, required(parameters, 'WebIdentityToken'))
  const role = findRole(deps.identities, arn)
  const federatedKeys = googleKeys(claims)
  const trust =
    role &&
    evaluateTrust(role.trustPolicy, {
      action: ACTION,
      applicant: { federated: GOOGLE },
      keys: conditionKeys({ ...federatedKeys, 'sts:RoleSessionName': name }),
    })
  const allowed = trust?.verdict.outcome === 'allowed'
  deps.audit.record({
    time: new Date().toISOString(),
    callerArn: `${GOOGLE}:${claims.sub}`,
    accountId: role?.accountId ?? arn.split(':')[4] ?? '',
    action: ACTION,
    resource: arn,
    allowed,
    reason: role ? `trust policy: ${trust?.verdict.outcome ?? 'none'}` : 'no such role',
  })
  if (!role || !allowed) throw new AwsError('AccessDenied', 403, `Not authorized to perform ${ACTION}`)
  const session = await createSession(deps, {
    role,
    sessionName: name,
    durationSeconds: durationSeconds(parameters, role, 'first'),
    sessionPolicy: sessionPolicy(parameters),
    federatedKeys,
  })
  return { session, claims, roleId: role.roleId }
}

/** For Google, IAM's `aud` is the token's `azp` when there is one, and `oaud` is the token's `aud`. */
function googleKeys(claims: IdentityClaims): Record<string, string> {
  return {
    [`${GOOGLE}:aud`]: claims.azp ?? claims.aud,
    [`${GOOGLE}:oaud`]: claims.aud,
    [`${GOOGLE}:sub`]: claims.sub,
    'aws:FederatedProvider': GOOGLE,
  }
}

function readToken({ issuer, clock }: { issuer: TokenIssuer; clock: Clock }, token: string): IdentityClaims {
  const claims = issuer.verify(token)
  if (claims === 'malformed') {
    throw new AwsError(
      'InvalidIdentityToken',
      400,
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    )
  }
  if (claims === 'unknown-key') {
    const message = `Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements`
    throw new AwsError('InvalidIdentityToken', 400, message)
  }
  if (claims.iss !== GOOGLE && claims.iss !== `https://${GOOGLE}`) {
    const message = `No OpenIDConnect provider found in your account for ${claims.iss}`
    throw new AwsError('InvalidIdentityToken', 400, message)
  }
  const now = Math.floor(clock.nowMs() / 1000)
  if (claims.exp <= now) {
    const message = `Token expired: current date/time ${now} must be before the expiration date/time ${claims.exp}`
    throw new AwsError('ExpiredTokenException', 400, message)
  }
  return claims
}
