import { z } from 'zod'
import type { ModelState, ModelStateStore } from '../transfer/ports.ts'
import type { QueueConnection } from './connection.ts'

/** Sets a field unless a larger epoch set it, and leaves a later watermark in it; whole numbers compare by sign, length and digits. */
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
if old then
  local before = cjson.decode(old)
  if before.epoch and new.epoch and before.epoch > new.epoch then return 0 end
  local kept = before.watermark
  if kept and new.watermark and later(kept, new.watermark, ARGV[3]) then new.watermark = kept end
end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(new))
return 1`

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
      const text = await redis.hget(keyOf(destination), table)
      return text === null ? undefined : parse(text)
    },
    write: async (destination, table, state, kind) => {
      await redis.eval(ADVANCE, 1, keyOf(destination), table, JSON.stringify(state), kind)
    },
    list: async destination => {
      const entries = Object.entries(await redis.hgetall(keyOf(destination)))
      return Object.fromEntries(entries.map(([table, text]) => [table, parse(text)]))
    },
    replace: async (destination, table, state) => {
      await redis.hset(keyOf(destination), table, JSON.stringify(state))
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
