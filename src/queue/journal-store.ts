import { z } from 'zod'
import { JOURNAL_VERSION } from '../domain/journal.ts'
import { loadOutcomeSchema, loadRecordSchema } from '../domain/load-record.ts'
import type { JournalStore, TableEntry, TableName } from '../transfer/journal.ts'
import type { QueueConnection } from './connection.ts'
import { NOW } from './redis-clock.ts'

/**
 * What is kept of a table: a hash of `stamp` (attempt and revision of the entry), `entry` (JSON), and `leaseEnd` (by
 * Redis's own clock, in milliseconds), so that workers' clocks decide nothing.
 */
const READ = `${NOW}
local kept = redis.call('HMGET', KEYS[1], 'entry', 'leaseEnd')
return { kept[1], math.max(0, (tonumber(kept[2]) or 0) - now) }`

/** Compare-and-set; a reply that was lost is asked for again, so the new stamp counts as done. */
const REPLACE = `${NOW}
local stamp = redis.call('HGET', KEYS[1], 'stamp') or ''
if stamp == ARGV[2] then return 1 end
if stamp ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'stamp', ARGV[2], 'entry', ARGV[3], 'leaseEnd', now + ARGV[4])
if ARGV[5] == 'cleaned' then redis.call('SREM', KEYS[2], ARGV[6]) else redis.call('SADD', KEYS[2], ARGV[6]) end
return 1`

const RENEW = `${NOW}
local stamp = redis.call('HGET', KEYS[1], 'stamp') or ''
if string.sub(stamp, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then return 0 end
redis.call('HSET', KEYS[1], 'leaseEnd', now + ARGV[2])
return 1`

const count = z.number().int().nonnegative()

const stepDoneSchema = z.object({
  queryExecutionId: z.string().optional(),
  changedRowCount: count,
  scannedBytes: count,
})

const entrySchema = z.object({
  version: z.literal(JOURNAL_VERSION),
  transferId: z.string(),
  attempt: z.string(),
  epoch: count,
  revision: count,
  position: z.discriminatedUnion('state', [
    z.object({ state: z.literal('planned') }),
    z.object({ state: z.literal('staged'), load: loadRecordSchema }),
    z.object({
      state: z.literal('loading'),
      load: loadRecordSchema,
      step: count,
      group: count,
      queryExecutionId: z.string().optional(),
      done: z.array(stepDoneSchema),
    }),
    z.object({ state: z.literal('loaded'), load: loadRecordSchema, done: z.array(stepDoneSchema) }),
    z.object({ state: z.literal('cleaned'), outcome: loadOutcomeSchema.optional() }),
  ]),
})

/** The workers' journals, and what operators see of them. */
export interface RedisJournalStore extends JournalStore {
  /** Tables whose load is open: being staged or loaded, or left by an attempt that died. */
  open(): Promise<readonly TableName[]>
}

/** Journals in Redis, a key per table; each transition is one Lua compare-and-set. */
export function createJournalStore({ redis, prefix }: QueueConnection): RedisJournalStore {
  const keyOf = ({ destination, table }: TableName): string => `${prefix}:journal:${destination}:${table}`
  const openKey = `${prefix}:journals-open`
  return {
    isShared: true,
    read: async table => {
      const [text, leaseLeftMs] = z
        .tuple([z.string().nullable(), z.number()])
        .parse(await redis.eval(READ, 1, keyOf(table)))
      return { entry: text === null ? undefined : entrySchema.parse(JSON.parse(text)), leaseLeftMs }
    },
    replace: async (table, before, next, leaseMs) => {
      const member = JSON.stringify([table.destination, table.table])
      const fields = [
        stampOf(before),
        stampOf(next),
        JSON.stringify(next),
        leaseMs,
        next.position.state,
        member,
      ]
      return (await redis.eval(REPLACE, 2, keyOf(table), openKey, ...fields)) === 1
    },
    renew: async (table, attempt, leaseMs) =>
      (await redis.eval(RENEW, 1, keyOf(table), attempt, leaseMs)) === 1,
    open: async () => {
      const members = await redis.smembers(openKey)
      return members.map(member => {
        const [destination, table] = z.tuple([z.string(), z.string()]).parse(JSON.parse(member))
        return { destination, table }
      })
    },
  }
}

/** The journals of a destination's open loads. */
export async function openEntries(
  store: RedisJournalStore,
  destination: string,
): Promise<readonly TableEntry[]> {
  const tables = (await store.open()).filter(table => table.destination === destination)
  const found = await Promise.all(tables.map(table => store.read(table)))
  return found.flatMap(({ entry }) => (entry ? [entry] : []))
}

function stampOf(entry: Pick<TableEntry, 'attempt' | 'revision'> | undefined): string {
  return entry ? `${entry.attempt} ${entry.revision}` : ''
}
