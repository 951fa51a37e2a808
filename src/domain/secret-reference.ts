import { z } from 'zod'

/**
 * Where a secret is, never the secret: `env:NAME` (the worker's environment) or `file:/path` (the whole, trimmed).
 * Only what the operator wrote in the configuration may name one; job payloads cannot.
 */
export const secretReferenceSchema = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/,
    'expected env:NAME or file:/absolute/path, never the secret itself',
  )

/** A reference as accepted by `secretReferenceSchema`. */
export type SecretReference = z.output<typeof secretReferenceSchema>
