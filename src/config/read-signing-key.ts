import { createPrivateKey, type KeyObject } from 'node:crypto'
import { TransferError } from '../domain/errors.ts'
import type { SecretReference } from '../domain/secret-reference.ts'
import { readSecret } from './read-secret.ts'

/**
 * The private key that a reference names: Ed25519 in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` makes it.
 *
 * @throws {TransferError} `SECRET_UNREADABLE`; `CONFIG_INVALID` for a secret that is no such key.
 */
export async function readSigningKey(
  reference: SecretReference,
  env?: Readonly<Record<string, string | undefined>>,
): Promise<KeyObject> {
  const key = parsePem(await readSecret(reference, env))
  if (key?.asymmetricKeyType === 'ed25519') return key
  throw new TransferError('CONFIG_INVALID', `secret ${reference} is no Ed25519 private key in PEM`, {
    hint: 'Make a key with `openssl genpkey -algorithm ed25519`, and refer to it whole, its line ends included.',
    details: { reference },
  })
}

function parsePem(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined // The reason could repeat a part of the secret; what is expected is said instead.
  }
}
