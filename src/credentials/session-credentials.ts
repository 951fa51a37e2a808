import type { AwsCredentials } from '../aws/clients.ts'
import type { RenewableCredentials } from '../aws/retry-failures.ts'

/** How long before its expiry a session is replaced, in milliseconds. Half the shortest session of STS is 7.5 minutes. */
const REFRESH_BEFORE_MS = 5 * 60_000

/**
 * Shares one session among clients: asks for a new one 5 minutes before the last expires, and once only however many
 * ask at a time. A failed refresh is told to those who waited for it and tried anew by the next. Whoever names the key of
 * the session at hand as rejected is given another one.
 */
export function refreshing(
  open: () => Promise<AwsCredentials>,
  nowMs: () => number = Date.now,
): RenewableCredentials<AwsCredentials> {
  let current: AwsCredentials | undefined
  let opening: Promise<AwsCredentials> | undefined
  return async rejectedKeyId => {
    const isRejected = rejectedKeyId !== undefined && current?.accessKeyId === rejectedKeyId
    if (current && !isRejected && isFresh(current, nowMs())) return current
    opening ??= open().finally(() => {
      opening = undefined
    })
    current = await opening
    return current
  }
}

function isFresh(credentials: AwsCredentials, now: number): boolean {
  return credentials.expiration === undefined || credentials.expiration.getTime() - now > REFRESH_BEFORE_MS
}
