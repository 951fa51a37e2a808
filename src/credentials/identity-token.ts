import { readFile } from 'node:fs/promises'
import { Compute, JWT } from 'google-auth-library'
import { TransferError } from '../domain/errors.ts'

/** Where the service's Google ID tokens come from. */
export type IdentityTokenSource =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'metadata' }
  | { readonly type: 'key-file'; readonly path: string }

/** Gives a Google ID token for an audience. A new one at each call, so a session never outlives what vouched for it. */
export type IdentityTokens = (audience: string) => Promise<string>

/** A token file, the Google metadata server, or a service account's key file (both through Google's own library). */
export function createIdentityTokens(source: IdentityTokenSource): IdentityTokens {
  const fetchToken = tokenFetcher(source)
  return async audience => {
    try {
      return await fetchToken(audience)
    } catch (cause) {
      throw new TransferError('IDENTITY_TOKEN_UNAVAILABLE', `no identity token from ${describe(source)}`, {
        cause,
        details: { source: source.type },
      })
    }
  }
}

function tokenFetcher(source: IdentityTokenSource): IdentityTokens {
  switch (source.type) {
    case 'file':
      return async () => readTokenFile(source.path)
    case 'metadata':
      return async audience => new Compute().fetchIdToken(audience)
    case 'key-file':
      return async audience => new JWT({ keyFile: source.path }).fetchIdToken(audience)
  }
}

/** The file is read again each time: whoever rotates it replaces it in place. */
async function readTokenFile(path: string): Promise<string> {
  const token = (await readFile(path, 'utf8')).trim()
  if (token === '') throw new Error('the token file is empty')
  return token
}

function describe(source: IdentityTokenSource): string {
  return source.type === 'metadata' ? 'the Google metadata server' : `${source.type} ${source.path}`
}
