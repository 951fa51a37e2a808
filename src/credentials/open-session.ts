import type { AwsCredentials } from '../aws/clients.ts'
import type { RenewableCredentials } from '../aws/retry-failures.ts'
import type { Sts } from '../aws/sts.ts'
import { accountIdOf, type Destination } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import { trustPolicy } from '../domain/permission-policy.ts'
import type { SecretReference } from '../domain/secret-reference.ts'
import type { IdentityTokens } from './identity-token.ts'
import { refreshing } from './session-credentials.ts'
import { readClaims } from './token-claims.ts'

/** The right to act for one destination, refreshed before it ends, and when AWS tells that it has. */
export interface Session {
  readonly credentials: RenewableCredentials<AwsCredentials>
  /** Account of the role; unknown with access keys. */
  readonly accountId: string | undefined
}

/** What sessions are opened with. */
export interface SessionDeps {
  /** STS of a region. */
  readonly sts: (region: string) => Sts
  readonly identityTokens: IdentityTokens
  readonly readSecret: (reference: SecretReference) => Promise<string>
}

/** Audience of tokens for destinations that name none; a trust policy with `sub` alone accepts any. */
const DEFAULT_AUDIENCE = 'sts.amazonaws.com'

/**
 * Opens sessions by the destination's way in: web identity (a new token for each session), access keys, or AssumeRole
 * with an external id. The first credentials are fetched here, so a refusal is told before any work starts.
 *
 * @throws {TransferError} `ROLE_NOT_ASSUMABLE`, `IDENTITY_TOKEN_UNAVAILABLE`, `SECRET_UNREADABLE`, `AWS_THROTTLED`, `AWS_UNAVAILABLE`.
 */
export function createOpenSession(deps: SessionDeps): (destination: Destination) => Promise<Session> {
  return async destination => {
    let token: string | undefined
    const identityTokens: IdentityTokens = async audience => {
      token = await deps.identityTokens(audience)
      return token
    }
    const credentials = refreshing(async () => {
      try {
        return await openers({ ...deps, identityTokens }, destination)
      } catch (thrown) {
        throw translateRefusal(thrown, destination, token)
      }
    })
    await credentials()
    return { credentials, accountId: accountIdOf(destination) }
  }
}

async function openers(deps: SessionDeps, destination: Destination): Promise<AwsCredentials> {
  const { access, region } = destination
  switch (access.type) {
    case 'web-identity':
      return deps.sts(region).assumeRoleWithWebIdentity({
        RoleArn: access.roleArn,
        RoleSessionName: sessionName(destination),
        WebIdentityToken: await deps.identityTokens(access.audience ?? DEFAULT_AUDIENCE),
        DurationSeconds: access.sessionDurationSeconds,
      })
    case 'assume-role':
      return deps.sts(region).assumeRole({
        RoleArn: access.roleArn,
        RoleSessionName: sessionName(destination),
        ExternalId: access.externalId,
        DurationSeconds: access.sessionDurationSeconds,
      })
    case 'access-key':
      return {
        accessKeyId: await deps.readSecret(access.accessKeyId),
        secretAccessKey: await deps.readSecret(access.secretAccessKey),
      }
  }
}

/** Shows in the customer's CloudTrail; at most 64 characters of `[\w+=,.@-]`. */
function sessionName(destination: Destination): string {
  return `athena-transfer-${destination.name}`.slice(0, 64)
}

/** What the trust policy has to say for the token that was refused; STS does not tell which condition failed. */
function trustHint(token: string | undefined): { readonly hint?: string } {
  const claims = readClaims(token)
  if (claims === undefined) return {}
  const policy = JSON.stringify(trustPolicy({ subject: claims.sub, audience: claims.aud }))
  return {
    hint: `The customer's trust policy does not accept sub ${claims.sub} with oaud ${claims.aud}. The customer replaces it by: ${policy}`,
  }
}

/** STS's refusals that only the customer's trust policy can change. */
const REFUSALS = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'NoSuchEntity',
  'ValidationError',
  'ValidationException',
])

/** STS's refusals of the token itself: the service's own to mend, mostly by a newer token. */
const TOKEN_REFUSALS = new Set([
  'ExpiredTokenException',
  'InvalidIdentityToken',
  'InvalidIdentityTokenException',
  'IDPRejectedClaim',
])

function translateRefusal(thrown: unknown, destination: Destination, token: string | undefined): unknown {
  if (thrown instanceof TransferError || !(thrown instanceof Error)) return thrown
  const { access, name } = destination
  const role = access.type === 'access-key' ? '' : access.roleArn
  const details = { destination: name, role, awsError: thrown.name }
  if (REFUSALS.has(thrown.name)) {
    const message = `destination "${name}": role ${role} cannot be assumed: ${thrown.message}`
    return new TransferError('ROLE_NOT_ASSUMABLE', message, { cause: thrown, details, ...trustHint(token) })
  }
  if (TOKEN_REFUSALS.has(thrown.name)) {
    const message = `destination "${name}": STS refused the identity token: ${thrown.message}`
    return new TransferError('IDENTITY_TOKEN_UNAVAILABLE', message, { cause: thrown, details })
  }
  const code =
    thrown.name === 'Throttling' || thrown.name === 'ThrottlingException'
      ? 'AWS_THROTTLED'
      : 'AWS_UNAVAILABLE'
  const message = `destination "${name}": STS in ${destination.region} failed: ${thrown.message || thrown.name}`
  return new TransferError(code, message, { cause: thrown, details })
}
