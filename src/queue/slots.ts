import { z } from 'zod'
import type { QueueConnection } from './connection.ts'
import { NOW } from './redis-clock.ts'
import { onKey } from './unreadable-state.ts'

/**
 * Of each scope: a sorted set of those that have a slot, by the end of their lease, and one of those that were refused, by
 * when they asked last. All slots are taken or none; leases that nobody can have taken are over. By Redis's own clock, in milliseconds.
 */
const TAKE = `${NOW}
local holder, lease, forget = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local full, crowd = false, 0
for i = 1, #KEYS, 2 do
  local limit = tonumber(ARGV[3 + (i + 1) / 2])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  redis.call('ZREMRANGEBYSCORE', KEYS[i], now + math.max(lease, forget) * 2, '+inf')
  if not redis.call('ZSCORE', KEYS[i], holder) and redis.call('ZCARD', KEYS[i]) >= limit then
    full = true
    redis.call('ZREMRANGEBYSCORE', KEYS[i + 1], '-inf', now - forget)
    redis.call('ZADD', KEYS[i + 1], now, holder)
    redis.call('PEXPIRE', KEYS[i + 1], forget)
    crowd = math.max(crowd, math.ceil(redis.call('ZCARD', KEYS[i + 1]) / limit))
  end
end
if full then return crowd end
for i = 1, #KEYS, 2 do
  redis.call('ZADD', KEYS[i], now + lease, holder)
  redis.call('PEXPIRE', KEYS[i], lease)
  redis.call('ZREM', KEYS[i + 1], holder)
end
return 0`

/** A lease that ran out is taken again, over the limit if need be: the work goes on. */
const RENEW = `${NOW}
for i = 1, #KEYS do
  redis.call('ZADD', KEYS[i], now + tonumber(ARGV[2]), ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
return 1`

/** How long one that was refused counts among those that wait, in milliseconds: it asks again much sooner. */
const FORGET_MS = 60_000

/** Signs of life between two leases' ends: one may be late or lost. */
const RENEWALS_PER_LEASE = 3

/** A number of slots that holders share. */
export interface SlotScope {
  readonly name: string
  /** At least 1. */
  readonly limit: number
}

/** Slots that were taken. */
export interface TakenSlots {
  /** Gives them back. */
  release(): Promise<void>
}

/** Limits of what runs at a time, shared by all workers. */
export interface Slots {
  /** A slot of every scope, kept until it is given back, or how many times over those that wait would fill the scope. */
  take(holder: string, scopes: readonly SlotScope[]): Promise<TakenSlots | { readonly crowd: number }>
}

/** Opens the slots in Redis. `leaseMs` is how long one stays taken without a sign of life: what a crash costs at most. */
export function createSlots(
  { redis, prefix }: QueueConnection,
  { leaseMs }: { readonly leaseMs: number },
): Slots {
  const keyOf = ({ name }: SlotScope): string => `${prefix}:slots:${name}`
  return {
    take: async (holder, scopes) => {
      const keys = scopes.map(keyOf)
      const limits = scopes.map(({ limit }) => limit)
      const pairs = keys.flatMap(key => [key, `${key}:waiting`])
      const args = [...pairs, holder, leaseMs, FORGET_MS, ...limits]
      const answer = await onKey(pairs.join(' or '), () => redis.eval(TAKE, pairs.length, ...args))
      const crowd = z.number().parse(answer)
      if (crowd > 0) return { crowd }
      const renewal = setInterval(() => {
        redis.eval(RENEW, keys.length, ...keys, holder, leaseMs).catch(() => {
          // Safe: a slot that is lost lets another model run too early, and harms nothing.
        })
      }, leaseMs / RENEWALS_PER_LEASE)
      return {
        release: async () => {
          clearInterval(renewal)
          for (const key of keys) await redis.zrem(key, holder)
        },
      }
    },
  }
}
