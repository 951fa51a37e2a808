import { randomBytes } from 'node:crypto'
import type { QueueConnection } from './connection.ts'

/** How long a lease lasts without a sign of life, in milliseconds. */
const LEASE_MS = 60_000

/**
 * Takes a name that is free, for a time in milliseconds. One that is held for longer than that, or for ever, was not taken here:
 * it counts as free, whatever lies there.
 */
const TAKE = `
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

/**
 * Does upkeep of a name as the only one, under a signal that aborts when the lease is lost; undefined, and nothing is done,
 * while another does it. It saves work and no more: whatever is done so must be safe to be done twice at once.
 */
export async function withLease<Result>(
  { redis, prefix }: QueueConnection,
  name: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  const key = `${prefix}:lease:${name}`
  const token = randomBytes(8).toString('hex')
  if ((await redis.eval(TAKE, 1, key, token, LEASE_MS)) !== 1) return undefined
  const lost = new AbortController()
  const renewal = setInterval(() => {
    redis.eval(RENEW, 1, key, token, LEASE_MS).then(
      renewed => renewed === 1 || lost.abort(new Error(`another process has the lease of ${name}`)),
      () => {
        // Safe to pass over: a Redis that does not answer is no news, and the next renewal asks again.
      },
    )
  }, LEASE_MS / 3)
  try {
    return await work(lost.signal)
  } finally {
    clearInterval(renewal)
    await redis.eval(RELEASE, 1, key, token).catch(() => {
      // Safe to pass over: the lease runs out by itself.
    })
  }
}

/** True for one caller in each interval, among all workers. */
export async function takeTurn(
  { redis, prefix }: QueueConnection,
  name: string,
  intervalMs: number,
): Promise<boolean> {
  return (await redis.eval(TAKE, 1, `${prefix}:turn:${name}`, '1', intervalMs)) === 1
}
