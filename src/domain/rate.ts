/** A rate that is allowed, as a token bucket has it. */
export interface Rate {
  /** Tokens that come in a second. */
  readonly perSecond: number
  /** Tokens that a full bucket holds. */
  readonly burst: number
}

/** The calls of Athena that count against a rate which transfers come near. */
export type LimitedCall = 'StartQueryExecution' | 'GetQueryExecution' | 'GetQueryResults'

/** What Athena allows an account in a region (Athena's user guide, "Service Quotas", per account API call quotas). */
export const ATHENA_RATES: Readonly<Record<LimitedCall, Rate>> = {
  StartQueryExecution: { perSecond: 20, burst: 80 },
  GetQueryExecution: { perSecond: 100, burst: 200 },
  GetQueryResults: { perSecond: 100, burst: 200 },
}

/** A bucket after a token was asked of it. */
export interface TokenReserved {
  /** When the bucket will be full again, in milliseconds: all that is kept of it. */
  readonly fullAtMs: number
  /** How long until the token is there, in milliseconds; 0 when it is. */
  readonly waitMs: number
}

/**
 * Reserves a token of the bucket that is full at `fullAtMs`: whoever waits `waitMs` has it, and nobody else. When that
 * would be longer than `longestMs`, nothing is reserved and `waitMs` is `longestMs`.
 */
export function reserveToken(
  fullAtMs: number,
  nowMs: number,
  { perSecond, burst }: Rate,
  longestMs: number,
): TokenReserved {
  const tokenMs = 1000 / perSecond
  const fromMs = Math.max(fullAtMs, nowMs)
  const waitMs = Math.max(0, fromMs + tokenMs - burst * tokenMs - nowMs)
  return waitMs > longestMs ? { fullAtMs: fromMs, waitMs: longestMs } : { fullAtMs: fromMs + tokenMs, waitMs }
}
