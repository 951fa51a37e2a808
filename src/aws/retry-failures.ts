import { EXPIRED, SPOILT } from './translate-error.ts'

/** Credentials that are asked for again when AWS rejected those of this key. */
export type RenewableCredentials<Credentials> = (rejectedKeyId?: string) => Promise<Credentials>

/** The part of an SDK client that middleware is added through. */
interface HasSigning {
  readonly middlewareStack: {
    addRelativeTo(
      middleware: SignedMiddleware,
      options: { readonly relation: 'after'; readonly toMiddleware: string; readonly name: string },
    ): void
  }
}

/** Middleware that passes arguments and results as they are. */
type SignedMiddleware = <Args extends object, Result>(
  next: (args: Args) => Promise<Result>,
) => (args: Args) => Promise<Result>

/**
 * Has the SDK try again, within its own attempts and waits, what it would give up at once: calls whose session had
 * ended, under a new one, and bodies that arrived otherwise than they were sent.
 *
 * @throws {TransferError} of the credentials, when there is no new session to be had.
 */
export function retryingMore(client: HasSigning, credentials: RenewableCredentials<unknown>): void {
  const middleware: SignedMiddleware = next => async args => {
    try {
      return await next(args)
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown
      if (EXPIRED.has(thrown.name)) await credentials(keyIdOf(args))
      // What the SDK reads to tell failures that may pass.
      if (EXPIRED.has(thrown.name) || SPOILT.has(thrown.name)) Object.assign(thrown, { $retryable: {} })
      throw thrown
    }
  }
  const place = { relation: 'after', toMiddleware: 'httpSigningMiddleware' } as const
  client.middlewareStack.addRelativeTo(middleware, { ...place, name: 'retryMore' })
}

/** The key that signed a request. */
function keyIdOf(args: object): string | undefined {
  const authorization = ['request', 'headers', 'authorization'].reduce<unknown>(memberOf, args)
  return /Credential=([^/]+)\//.exec(String(authorization))?.[1]
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
