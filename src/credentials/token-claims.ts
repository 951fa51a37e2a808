import { z } from 'zod'

const claimsSchema = z.object({ sub: z.string(), aud: z.string() })

/** Whom a token is for and of whom it speaks, as its own text says; undefined for what is no JWT. Nothing is verified. */
export function readClaims(token: string | undefined): z.output<typeof claimsSchema> | undefined {
  const payload = Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()
  try {
    const claims = claimsSchema.safeParse(JSON.parse(payload))
    return claims.success ? claims.data : undefined
  } catch {
    return undefined // Not JSON: STS says more about such a token than could be said here.
  }
}
