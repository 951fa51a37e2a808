import { z } from 'zod'
import type { TransferError } from '../domain/errors.ts'
import { JOURNAL_VERSION } from '../domain/journal.ts'
import { loadOutcomeSchema, loadRecordSchema } from '../domain/load-record.ts'
import type { JournalStore, TableEntry, TableName } from '../transfer/journal.ts'
import type { QueueConnection } from './connection.ts'
import { NOW } from './redis-clock.ts'
import { onKey, parseState, unreadableState } from './unreadable-state.ts'

/**
 * What is kept of a table: a hash of `stamp` (attempt and revision of the entry), `entry` (JSON), and `leaseEnd` (by
 * Redis's own clock, in milliseconds), so that workers' clocks decide nothing. A lease that no attempt can have counts as none.
 */
const READ = `${NOW}
local kept = redis.call('HMGET', KEYS[1], 'entry', 'leaseEnd', 'stamp')
local left = (tonumber(kept[2]) or 0) - now
if not (left > 0 and left <= tonumber(ARGV[1])) then left = 0 end
return { kept[1], left, kept[3], now }`

/** Longest lease that is believed, in milliseconds; attempts renew theirs every few seconds. */
const LONGEST_LEASE_MS = 3_600_000

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
  open(): Promise<OpenTables>
}

/** Tables whose load is open, and what of their list cannot be read: `STATE_UNREADABLE`. */
export interface OpenTables {
  readonly tables: readonly TableName[]
  readonly problems: readonly TransferError[]
}

/**
 * Journals in Redis, a key per table; each transition is one Lua compare-and-set. An entry that is damaged or of a newer version
 * is `STATE_UNREADABLE` and stays as it is: what it knew of a load decides whether rows arrive once.
 */
export function createJournalStore({ redis, prefix }: QueueConnection): RedisJournalStore {
  const keyOf = ({ destination, table }: TableName): string => `${prefix}:journal:${destination}:${table}`
  const openKey = `${prefix}:journals-open`
  return {
    isShared: true,
    read: async table => {
      const key = keyOf(table)
      const [text, leaseLeftMs, stamp, nowMs] = z
        .tuple([z.string().nullable(), z.number(), z.string().nullable(), z.number()])
        .parse(await onKey(key, () => redis.eval(READ, 1, key, LONGEST_LEASE_MS)))
      const entry =
        text === null ? undefined : parseState(entrySchema, text, { key, version: JOURNAL_VERSION })
      if (stampOf(entry) !== (stamp ?? ''))
        throw unreadableState(key, 'is damaged: its stamp is not that of its entry')
      if (entry && 'load' in entry.position && entry.position.load.table !== table.table)
        throw unreadableState(key, 'is damaged: its load is of another table')
      return { entry, leaseLeftMs, nowMs }
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
      const key = keyOf(table)
      return (await onKey(key, () => redis.eval(REPLACE, 2, key, openKey, ...fields))) === 1
    },
    renew: async (table, attempt, leaseMs) =>
      (await redis.eval(RENEW, 1, keyOf(table), attempt, leaseMs)) === 1,
    open: async () => {
      const tables: TableName[] = []
      const problems: TransferError[] = []
      for (const member of await onKey(openKey, () => redis.smembers(openKey))) {
        const named = tableOf(member)
        if (named) tables.push(named)
        else problems.push(unreadableState(openKey, 'has a member that names no table'))
      }
      return { tables, problems }
    },
  }
}

function tableOf(member: string): TableName | undefined {
  try {
    const [destination, table] = z.tuple([z.string(), z.string()]).parse(JSON.parse(member))
    return { destination, table }
  } catch {
    return undefined // Told by whoever asked for it.
  }
}

/**
 * The journals of a destination's open loads.
 *
 * @throws {TransferError} `STATE_UNREADABLE` when not all of them can be read: an open load might be among the others.
 */
export async function openEntries(
  store: RedisJournalStore,
  destination: string,
): Promise<readonly TableEntry[]> {
  const open = await store.open()
  const [problem] = open.problems
  if (problem) throw problem
  const tables = open.tables.filter(table => table.destination === destination)
  const found = await Promise.all(tables.map(table => store.read(table)))
  return found.flatMap(({ entry }) => (entry ? [entry] : []))
}

function stampOf(entry: Pick<TableEntry, 'attempt' | 'revision'> | undefined): string {
  return entry ? `${entry.attempt} ${entry.revision}` : ''
}
