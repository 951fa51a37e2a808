import { randomBytes } from 'node:crypto'
import type { QueueConnection } from './connection.ts'

/** How long a sweeper's lease lasts without a sign of life, in milliseconds. */
const LEASE_MS = 60_000

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

/**
 * Does work as a destination's only sweeper, under a signal that aborts when the lease is lost; undefined, and nothing is
 * done, while there is another. Two at once would do no harm, only twice the work.
 */
export async function withSweepLease<Result>(
  { redis, prefix }: QueueConnection,
  destination: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  const key = `${prefix}:sweeping:${destination}`
  const token = randomBytes(8).toString('hex')
  if ((await redis.set(key, token, 'PX', LEASE_MS, 'NX')) === null) return undefined
  const lost = new AbortController()
  const renewal = setInterval(() => {
    redis.eval(RENEW, 1, key, token, LEASE_MS).then(
      renewed => renewed === 1 || lost.abort(new Error(`another sweeper has destination "${destination}"`)),
      () => {
        // Safe to pass over: a Redis that does not answer is no news, and the next renewal asks again.
      },
    )
  }, LEASE_MS / 3)
  try {
    return await work(lost.signal)
  } finally {
    clearInterval(renewal)
    await redis.eval(RELEASE, 1, key, token)
  }
}

/** True for one caller in each interval, among all workers: its turn to sweep the destination. */
export async function takeSweepTurn(
  { redis, prefix }: QueueConnection,
  destination: string,
  intervalMs: number,
): Promise<boolean> {
  return (await redis.set(`${prefix}:swept:${destination}`, '1', 'PX', intervalMs, 'NX')) !== null
}
