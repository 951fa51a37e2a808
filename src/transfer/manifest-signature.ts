import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** The public half of a signing key, for customers who verify manifests. */
export interface PublicSigningKey {
  /** SHA-256 of the key's DER (SPKI), hexadecimal: what manifests name as `signedBy`. */
  readonly keyId: string
  /** PEM. */
  readonly publicKey: string
}

/** The public half of a private Ed25519 key. */
export function publicSigningKey(key: KeyObject): PublicSigningKey {
  const half = createPublicKey(key)
  return {
    keyId: createHash('sha256')
      .update(half.export({ format: 'der', type: 'spki' }))
      .digest('hex'),
    publicKey: half.export({ format: 'pem', type: 'spki' }).toString(),
  }
}

/**
 * JSON in the one spelling of RFC 8785: members sorted by name, no white space. For plain data whose member names are no
 * numbers, which JavaScript would put first.
 */
export function canonicalJson(value: object): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? sorted(inner) : inner,
  )
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
}
