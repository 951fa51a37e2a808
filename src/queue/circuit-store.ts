import { z } from 'zod'
import {
  type Admission,
  admit,
  afterTransfer,
  type Circuit,
  type CircuitOptions,
  type PauseReason,
  type Verdict,
} from '../domain/circuit.ts'
import { type ErrorCode, isErrorCode } from '../domain/errors.ts'
import type { QueueConnection } from './connection.ts'
import { NOW } from './redis-clock.ts'
import { onKey } from './unreadable-state.ts'

/** A hash of all destinations' circuits, in JSON; one that works has no field. Times are by Redis's own clock. */
const READ = `${NOW}
return { redis.call('HGET', KEYS[1], ARGV[1]) or '', now }`

/** Compare-and-set; an empty text is no circuit. */
const REPLACE = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1`

const codeSchema = z.custom<ErrorCode>(isErrorCode)

/** A moment in milliseconds that a date can have. */
const momentSchema = z.number().min(0).max(8_640_000_000_000_000)

const circuitSchema = z.object({
  failures: z.int().min(1),
  lastTransferId: z.string(),
  reason: z.object({ code: codeSchema, message: z.string(), hint: z.string() }),
  pausedUntilMs: momentSchema.optional(),
  probe: z.object({ transferId: z.string(), untilMs: momentSchema }).optional(),
})

/** Longest pause that is believed, in milliseconds; the longest that can be set is a day. */
const LONGEST_BELIEVED_MS = 2 * 86_400_000

/** A destination to which no transfer is started for a while. */
export interface PausedDestination {
  readonly destination: string
  /** Transfers that failed in a row. */
  readonly failures: number
  readonly reason: PauseReason
  /** ISO 8601: from then on one transfer is let through, to try. */
  readonly pausedUntil: string
}

/** The circuits of all destinations, shared by all workers. */
export interface CircuitStore {
  /** Whether the transfer may start; `waitMs` until it should ask again. */
  admit(destination: string, transferId: string): Promise<Admission & { readonly waitMs: number }>
  /** Notes what a transfer's end says of its destination. */
  afterTransfer(
    destination: string,
    ended: { readonly transferId: string; readonly verdict: Verdict | undefined },
    options: CircuitOptions,
  ): Promise<void>
  paused(): Promise<readonly PausedDestination[]>
  /** Forgets a destination's failures; false when there were none. */
  resume(destination: string): Promise<boolean>
}

/** Opens the circuits in Redis. */
export function createCircuitStore({ redis, prefix }: QueueConnection): CircuitStore {
  const key = `${prefix}:circuits`
  const change = async <Outcome>(
    destination: string,
    next: (circuit: Circuit | undefined, nowMs: number) => [Circuit | undefined, Outcome],
  ): Promise<Outcome> => {
    for (;;) {
      const [text, nowMs] = z
        .tuple([z.string(), z.number()])
        .parse(await onKey(key, () => redis.eval(READ, 1, key, destination)))
      const [circuit, outcome] = next(parse(text, nowMs), nowMs)
      const changed = circuit ? JSON.stringify(circuit) : ''
      if (changed === text || (await redis.eval(REPLACE, 1, key, destination, text, changed)) === 1)
        return outcome
    }
  }
  return {
    admit: (destination, transferId) =>
      change(destination, (circuit, nowMs) => {
        const admission = admit(circuit, transferId, nowMs)
        const waitMs = admission.admitted ? 0 : Math.max(admission.retryAtMs - nowMs, 0)
        return [admission.admitted ? admission.circuit : circuit, { ...admission, waitMs }]
      }),
    afterTransfer: (destination, { transferId, verdict }, options) =>
      change(destination, (circuit, nowMs) => [
        afterTransfer(circuit, transferId, verdict, { ...options, nowMs }),
        undefined,
      ]),
    paused: async () => {
      const all = Object.entries(await onKey(key, () => redis.hgetall(key)))
      return all.flatMap(([destination, text]) => pausedOf(destination, parse(text, Date.now())))
    },
    resume: async destination => (await onKey(key, () => redis.hdel(key, destination))) === 1,
  }
}

/** A text that is no circuit counts as a destination that works: the next failures pause it again. */
function parse(text: string, nowMs: number): Circuit | undefined {
  try {
    const circuit = circuitSchema.parse(JSON.parse(text))
    const { pausedUntilMs = 0, probe } = circuit
    return Math.max(pausedUntilMs, probe?.untilMs ?? 0) > nowMs + LONGEST_BELIEVED_MS ? undefined : circuit
  } catch {
    // Safe: a transfer that is let through too early fails by itself.
    return undefined
  }
}

function pausedOf(destination: string, circuit: Circuit | undefined): readonly PausedDestination[] {
  if (circuit?.pausedUntilMs === undefined) return []
  const { failures, reason, pausedUntilMs } = circuit
  return [{ destination, failures, reason, pausedUntil: new Date(pausedUntilMs).toISOString() }]
}
