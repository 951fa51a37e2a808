import { z } from 'zod'
import type { QueueConnection } from './connection.ts'
import { onKey } from './unreadable-state.ts'

/**
 * Of each destination: a set of the transfers that run, and a sorted set of those that wait, in the order of their enqueuing.
 * Both hold ids only; whether the job behind an id still lives is the queue's to say, so nothing here has to expire.
 */
const ENTER = `
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return {} end
redis.call('ZADD', KEYS[2], 'NX', ARGV[2], ARGV[1])
local limit = tonumber(ARGV[3])
local free = limit - redis.call('SCARD', KEYS[1])
local rank = redis.call('ZRANK', KEYS[2], ARGV[1])
if rank < free then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('SADD', KEYS[1], ARGV[1])
  return {}
end
local before = redis.call('SMEMBERS', KEYS[1])
if rank > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, math.min(rank, limit) - 1)) do table.insert(before, id) end
end
return before`

const LEAVE = `
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1`

const STEP_BACK = `
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 'NX', ARGV[2], ARGV[1])
return 1`

const NEXT = `
local free = tonumber(ARGV[1]) - redis.call('SCARD', KEYS[1])
if free <= 0 then return {} end
return redis.call('ZRANGE', KEYS[2], 0, free - 1)`

const idsSchema = z.array(z.string())

/** A transfer and its place in the order of its destination. */
export interface InLine {
  readonly destination: string
  readonly transferId: string
  /** When it was enqueued, in milliseconds. */
  readonly enqueuedMs: number
}

/** Transfers of one destination, one after the other (or `limit` at a time), first come, first served. */
export interface DestinationLine {
  /** Takes a place among those that run. Returns the ids of those that it waits for; none when it has the place. */
  enter(transfer: InLine, limit: number): Promise<readonly string[]>
  /** How many wait before it; 0 for one that does not wait. */
  rank(transfer: Pick<InLine, 'destination' | 'transferId'>): Promise<number>
  /** Gives the place up and waits again, where it was in the order. */
  stepBack(transfer: InLine): Promise<void>
  /** Takes a transfer out, whether it ran or waited. */
  leave(transfer: Pick<InLine, 'destination' | 'transferId'>): Promise<void>
  /** Those whose turn it is. */
  next(destination: string, limit: number): Promise<readonly string[]>
  /** All that wait, in their order. */
  waiting(destination: string): Promise<readonly string[]>
}

/** Opens the lines in Redis. */
export function createDestinationLine({ redis, prefix }: QueueConnection): DestinationLine {
  const keysOf = (destination: string): [string, string] => [
    `${prefix}:running-transfers:${destination}`,
    `${prefix}:waiting-transfers:${destination}`,
  ]
  const run = (script: string, destination: string, ...args: (string | number)[]): Promise<unknown> => {
    const keys = keysOf(destination)
    return onKey(keys.join(' or '), () => redis.eval(script, keys.length, ...keys, ...args))
  }
  return {
    enter: async ({ destination, transferId, enqueuedMs }, limit) =>
      idsSchema.parse(await run(ENTER, destination, transferId, enqueuedMs, limit)),
    rank: async ({ destination, transferId }) => {
      const [, key] = keysOf(destination)
      return (await onKey(key, () => redis.zrank(key, transferId))) ?? 0
    },
    stepBack: async ({ destination, transferId, enqueuedMs }) => {
      await run(STEP_BACK, destination, transferId, enqueuedMs)
    },
    leave: async ({ destination, transferId }) => {
      await run(LEAVE, destination, transferId)
    },
    next: async (destination, limit) => idsSchema.parse(await run(NEXT, destination, limit)),
    waiting: destination => {
      const [, key] = keysOf(destination)
      return onKey(key, () => redis.zrange(key, '0', '-1'))
    },
  }
}
