import type { Clock } from '../clock.ts'
import type { Answer, Call } from '../http/call.ts'
import { DEFAULT_SERVICE_ACCOUNT, GOOGLE_ISSUER, type TokenIssuer } from './tokens.ts'

/** How long the tokens of the metadata server live, in seconds: an hour, as Google's. */
const TOKEN_LIFETIME_SECONDS = 3600

/** True for the paths that the identity provider answers. */
export function isIdentityProviderPath(rawPath: string): boolean {
  return (
    rawPath.startsWith('/.well-known/') || rawPath === JWKS_PATH || rawPath.startsWith('/computeMetadata/')
  )
}

const JWKS_PATH = '/oauth2/v3/certs'

const ACCOUNT_PATH = '/computeMetadata/v1/instance/service-accounts/default'

interface TokenSource {
  readonly issuer: TokenIssuer
  readonly clock: Clock
}

/** Answers OpenID discovery, the key set, and those routes of Google's metadata server that mint identity tokens. */
export function answerIdentityProvider(call: Call, { issuer, clock }: TokenSource): Answer {
  const host = call.headers.get('host') ?? 'localhost'
  if (call.rawPath === '/.well-known/openid-configuration') return json(discovery(`http://${host}`))
  if (call.rawPath === JWKS_PATH) return json(issuer.jwks)
  if (call.headers.get('metadata-flavor') !== 'Google')
    return text(403, 'Missing Metadata-Flavor:Google header.')
  return answerMetadata(call, { issuer, clock })
}

function answerMetadata(call: Call, source: TokenSource): Answer {
  switch (call.rawPath.replace(/\/$/, '')) {
    case '/computeMetadata/v1/instance':
      return text(200, 'id\nservice-accounts/\n')
    case '/computeMetadata/v1/project/project-id':
      return text(200, 'stand-in')
    case '/computeMetadata/v1/universe/universe-domain':
      return text(200, 'googleapis.com')
    case `${ACCOUNT_PATH}/email`:
      return text(200, DEFAULT_SERVICE_ACCOUNT.email)
    case `${ACCOUNT_PATH}/identity`:
      return answerIdentity(call, source)
    default:
      return text(404, `no such metadata: ${call.rawPath}`)
  }
}

function answerIdentity(call: Call, { issuer, clock }: TokenSource): Answer {
  const audience = call.query.get('audience')
  if (!audience) return text(400, 'non-empty audience parameter required')
  const iat = Math.floor(clock.nowMs() / 1000)
  const { subject, email } = DEFAULT_SERVICE_ACCOUNT
  const claims = {
    iss: GOOGLE_ISSUER,
    aud: audience,
    azp: subject,
    sub: subject,
    iat,
    exp: iat + TOKEN_LIFETIME_SECONDS,
  }
  return text(200, issuer.mint(call.query.get('format') === 'full' ? { ...claims, email } : claims))
}

function discovery(base: string): unknown {
  return {
    issuer: GOOGLE_ISSUER,
    jwks_uri: `${base}${JWKS_PATH}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}

function json(body: unknown): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function text(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/plain', 'metadata-flavor': 'Google' }, body }
}
