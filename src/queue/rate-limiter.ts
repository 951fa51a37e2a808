import { z } from 'zod'
import { type Clock, SYSTEM_CLOCK } from '../domain/clock.ts'
import { type Rate, reserveToken } from '../domain/rate.ts'
import type { QueueConnection } from './connection.ts'

/** `reserveToken` by Redis's own clock, in microseconds' precision; an untouched bucket is full, so keys may
 * expire then, and one that nobody here can have left counts as untouched. */
const RESERVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local token, burst, longest = 1000 / ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local from = tonumber(redis.call('GET', KEYS[1])) or 0
if not (from > now and from <= now + longest + burst * token) then from = now end
local wait = math.max(0, from + token - burst * token - now)
if wait > longest then return tostring(longest) end
local full = from + token
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now) + 1)
return tostring(wait)`

/** Shares rates among all workers. */
export interface RateLimiter {
  /**
   * Waits until a call may go out, and never fails: after 10 seconds it may go out all the same, and so it may at once when
   * the signal aborts. While Redis does not answer, this process counts for itself.
   */
  turn(call: { readonly scope: string; readonly rate: Rate }, signal?: AbortSignal): Promise<void>
}

/** Longest wait for a token, in milliseconds: then AWS itself is the judge, and its refusal is tried again. */
const LONGEST_WAIT_MS = 10_000

/** Longest wait for Redis's answer, in milliseconds. */
const ANSWER_MS = 250

/** Most that is added to a wait, as a share of it, so that those who waited together do not come at one moment. */
const JITTER = 0.1

const waitSchema = z.coerce.number().nonnegative()

/** Buckets in Redis, a key per scope. `clock` is for waiting only. */
export function createRateLimiter(
  { redis, prefix }: QueueConnection,
  clock: Clock = SYSTEM_CLOCK,
): RateLimiter {
  const ownBuckets = new Map<string, number>()
  const shared = async (key: string, { perSecond, burst }: Rate): Promise<number> =>
    waitSchema.parse(await redis.eval(RESERVE, 1, key, perSecond, burst, LONGEST_WAIT_MS))
  const own = (key: string, rate: Rate): number => {
    const { fullAtMs, waitMs } = reserveToken(ownBuckets.get(key) ?? 0, clock.nowMs(), rate, LONGEST_WAIT_MS)
    ownBuckets.set(key, fullAtMs)
    return waitMs
  }
  return {
    turn: async ({ scope, rate }, signal) => {
      const key = `${prefix}:rate:${scope}`
      const answered = await answerWithin(ANSWER_MS, clock, shared(key, rate))
      const waitMs = answered ?? own(key, rate)
      if (waitMs > 0) await clock.sleep(waitMs * (1 + JITTER * clock.random()), signal)
    },
  }
}

/** The answer, or undefined when it does not come in time or is a failure. */
async function answerWithin<Answer>(
  limitMs: number,
  clock: Clock,
  answer: Promise<Answer>,
): Promise<Answer | undefined> {
  const answered = new AbortController()
  const caught = answer.catch(() => {
    // Safe: the limiter is for efficiency, and AWS refuses what is too much.
    return undefined
  })
  try {
    return await Promise.race([caught, clock.sleep(limitMs, answered.signal).then(() => undefined)])
  } finally {
    answered.abort()
  }
}
