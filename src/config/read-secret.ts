import { readFile } from 'node:fs/promises'
import { TransferError } from '../domain/errors.ts'
import type { SecretReference } from '../domain/secret-reference.ts'

/**
 * The secret that a reference names, trimmed. Files are read at each use, so a rotated secret needs no restart.
 *
 * @throws {TransferError} `SECRET_UNREADABLE`, naming the reference and never a value.
 */
export async function readSecret(
  reference: SecretReference,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const place = reference.slice(reference.indexOf(':') + 1)
  const value = reference.startsWith('env:') ? env[place] : await readSecretFile(reference, place)
  if (value === undefined || value.trim() === '') {
    throw new TransferError('SECRET_UNREADABLE', `secret ${reference} is not set`, { details: { reference } })
  }
  return value.trim()
}

async function readSecretFile(reference: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new TransferError('SECRET_UNREADABLE', `secret ${reference} cannot be read`, {
      cause,
      details: { reference },
    })
  }
}
