import type { AwsCredentials } from '../aws/clients.ts'

/** How long before its expiry a session is replaced, in milliseconds. Half the shortest session of STS is 7.5 minutes. */
const REFRESH_BEFORE_MS = 5 * 60_000

/**
 * Shares one session among clients: asks for a new one 5 minutes before the last expires, and once only however many
 * ask at a time. A failed refresh is told to those who waited for it and tried anew by the next.
 */
export function refreshing(
  open: () => Promise<AwsCredentials>,
  nowMs: () => number = Date.now,
): () => Promise<AwsCredentials> {
  let current: AwsCredentials | undefined
  let opening: Promise<AwsCredentials> | undefined
  return async () => {
    if (current && isFresh(current, nowMs())) return current
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
