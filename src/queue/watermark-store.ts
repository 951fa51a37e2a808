import type { WatermarkStore } from '../transfer/ports.ts'
import type { QueueConnection } from './connection.ts'

/** Sets a field unless it holds the same or a later value; whole numbers compare by sign, length and digits. */
const ADVANCE = `
local function later(a, b, kind)
  if kind ~= 'integer' then return a > b end
  local an, bn = string.sub(a, 1, 1) == '-', string.sub(b, 1, 1) == '-'
  if an ~= bn then return bn end
  if #a ~= #b then return (#a > #b) ~= an end
  if an then return a < b end
  return a > b
end
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and not later(ARGV[2], old, ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1`

/** Watermarks in Redis, a hash per destination with a field per table. Never moved back, whoever writes last. */
export function createWatermarkStore({ redis, prefix }: QueueConnection): WatermarkStore {
  const keyOf = (destination: string): string => `${prefix}:watermarks:${destination}`
  return {
    read: async (destination, table) => (await redis.hget(keyOf(destination), table)) ?? undefined,
    write: async (destination, table, watermark, kind) => {
      await redis.eval(ADVANCE, 1, keyOf(destination), table, watermark, kind)
    },
  }
}
