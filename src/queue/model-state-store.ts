import { z } from 'zod'
import type { ModelState, ModelStateStore, WatermarkKind } from '../transfer/ports.ts'
import type { QueueConnection } from './connection.ts'
import { onKey } from './unreadable-state.ts'

/**
 * Sets a field unless a larger epoch set it, and leaves a later watermark in it; whole numbers compare by sign, length and
 * digits. A field that cannot be read counts as none.
 */
const ADVANCE = `
local function later(a, b, kind)
  if kind ~= 'integer' then return a > b end
  local an, bn = string.sub(a, 1, 1) == '-', string.sub(b, 1, 1) == '-'
  if an ~= bn then return bn end
  if #a ~= #b then return (#a > #b) ~= an end
  if an then return a < b end
  return a > b
end
local old, new = redis.call('HGET', KEYS[1], ARGV[1]), cjson.decode(ARGV[2])
local isRead, before = pcall(cjson.decode, old or '')
if isRead and type(before) == 'table' then
  local epoch, kept = before.epoch, before.watermark
  if type(epoch) == 'number' and new.epoch and epoch > new.epoch then return 0 end
  local isSound = type(kept) == 'string' and string.match(kept, ARGV[4])
  if isSound and new.watermark and later(kept, new.watermark, ARGV[3]) then new.watermark = kept end
end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(new))
return 1`

/** What a watermark of each kind looks like, as a pattern of Lua's: another one is no watermark, and holds none back. */
const WATERMARKS = {
  timestamp: '^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d%d%d%dZ$',
  date: '^%d%d%d%d%-%d%d%-%d%d$',
  integer: '^-?%d+$',
} as const satisfies Record<WatermarkKind, string>

const stateSchema = z.object({
  watermark: z.string().optional(),
  digest: z.string().optional(),
  definition: z.string().optional(),
  epoch: z.number().optional(),
})

/** The store of the workers, and what operators do to it. */
export interface RedisModelStateStore extends ModelStateStore {
  /** All states of a destination, by table. */
  list(destination: string): Promise<Readonly<Record<string, ModelState>>>
  /** Takes the state whatever is kept. */
  replace(destination: string, table: string, state: ModelState): Promise<void>
}

/** Model states in Redis, a hash per destination with a field per table. Watermarks never move back on their own. */
export function createModelStateStore({ redis, prefix }: QueueConnection): RedisModelStateStore {
  const keyOf = (destination: string): string => `${prefix}:model-states:${destination}`
  return {
    read: async (destination, table) => {
      const key = keyOf(destination)
      const text = await onKey(key, () => redis.hget(key, table))
      return text === null ? undefined : parse(text)
    },
    write: async (destination, table, state, kind) => {
      const key = keyOf(destination)
      const args = [table, JSON.stringify(state), kind, WATERMARKS[kind]]
      await onKey(key, () => redis.eval(ADVANCE, 1, key, ...args))
    },
    list: async destination => {
      const key = keyOf(destination)
      const entries = Object.entries(await onKey(key, () => redis.hgetall(key)))
      return Object.fromEntries(entries.map(([table, text]) => [table, parse(text)]))
    },
    replace: async (destination, table, state) => {
      const key = keyOf(destination)
      await onKey(key, () => redis.hset(key, table, JSON.stringify(state)))
    },
  }
}

/** A text that is no state counts as one that knows nothing, so everything is read. */
function parse(text: string): ModelState {
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch {
    // Safe: reading too much is only dearer.
    return {}
  }
}
