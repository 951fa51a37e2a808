import {
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { sha256Hex } from '../sigv4/canonical-request.ts'

/** The `iss` of Google's tokens; both spellings are Google's. */
export const GOOGLE_ISSUER = 'https://accounts.google.com'

/** The service account that the metadata server speaks for. */
export const DEFAULT_SERVICE_ACCOUNT = {
  /** Its numeric id: what trust policies name as `accounts.google.com:sub`. */
  subject: '104729000000000000001',
  email: 'transfers@stand-in.iam.gserviceaccount.com',
} as const

/** The claims of a Google ID token; times are seconds since the epoch. */
export interface IdentityClaims {
  readonly iss: string
  readonly aud: string
  readonly azp?: string | undefined
  readonly sub: string
  readonly email?: string | undefined
  readonly iat: number
  readonly exp: number
}

/** Mints and verifies tokens with one RSA key, kept in the data folder. */
export interface TokenIssuer {
  mint(claims: IdentityClaims): string
  /** The claims when the signature is this issuer's; `exp` is not looked at. */
  verify(token: string): IdentityClaims | 'malformed' | 'unknown-key'
  /** The public key as a JSON Web Key Set. */
  readonly jwks: { readonly keys: readonly unknown[] }
}

const headerSchema = z.object({ alg: z.literal('RS256'), kid: z.string() })

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  azp: z.string().optional(),
  sub: z.string(),
  email: z.string().optional(),
  iat: z.number(),
  exp: z.number(),
})

/** Opens the issuer whose key lies in `folder`; makes the key when there is none. */
export async function openTokenIssuer(folder: string): Promise<TokenIssuer> {
  await mkdir(folder, { recursive: true })
  const privateKey = await loadKey(join(folder, 'identity-provider.pem'))
  const publicKey = createPublicKey(privateKey)
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = sha256Hex(JSON.stringify(jwk)).slice(0, 40)
  return {
    jwks: { keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] },
    mint(claims) {
      const signed = `${encode({ alg: 'RS256', kid, typ: 'JWT' })}.${encode({ ...claims, email_verified: true })}`
      return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
    },
    verify: token => verifyToken(token, kid, publicKey),
  }
}

async function loadKey(file: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(file))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true })
    return privateKey
  }
}

function verifyToken(
  token: string,
  kid: string,
  key: KeyObject,
): IdentityClaims | 'malformed' | 'unknown-key' {
  const [header, claims, signature, extra] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || extra !== undefined)
    return 'malformed'
  const parsedHeader = headerSchema.safeParse(decode(header))
  const parsedClaims = claimsSchema.safeParse(decode(claims))
  if (!parsedHeader.success || !parsedClaims.success) return 'malformed'
  if (parsedHeader.data.kid !== kid) return 'unknown-key'
  const verifier = createVerify('RSA-SHA256').update(`${header}.${claims}`)
  return verifier.verify(key, signature, 'base64url') ? parsedClaims.data : 'unknown-key'
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined // The schema that looks at it next refuses undefined.
  }
}
