import { z } from 'zod'
import type { QueueConnection } from './connection.ts'

/**
 * Of each destination: a hash of the transfer that may still be joined, by type; of each transfer: a set of the models that
 * were asked for, an empty name for all. A transfer may be joined until a worker starts it, which is one step here, so that every
 * request is either part of it or opens another one.
 */
const JOIN = `
local open = redis.call('HGET', KEYS[1], ARGV[1])
local id = ARGV[2]
if open and ARGV[3] == 'merge' then
  id = open
elseif redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('HSET', KEYS[1], ARGV[1], id)
else
  return id
end
local models = ARGV[4] .. id
redis.call('SADD', models, unpack(ARGV, 6))
redis.call('EXPIRE', models, ARGV[5])
return id`

const CLOSE = `
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return redis.call('SMEMBERS', KEYS[2])`

/** How long the models of a transfer that never starts are kept here, in seconds; longer than one may wait. */
const KEPT_SECONDS = 30 * 24 * 3600

/** No model is named so. */
const ALL_MODELS = ''

/** A request as far as it matters for joining. */
export interface JoinableRequest {
  readonly destination: string
  readonly transferId: string
  readonly type: string
  /** Absent: all models of the destination. */
  readonly models?: readonly string[] | undefined
}

/** Transfers that were not started yet, to be joined by further requests. */
export interface OpenRequests {
  /** The id of the transfer that the request is part of: of the one that waits, or its own. */
  join(request: JoinableRequest, whenBusy: 'queue' | 'merge'): Promise<string>
  /** Lets no request join any more, and tells the models of all that did; undefined for all models. May be repeated. */
  close(request: JoinableRequest): Promise<readonly string[] | undefined>
  /** Lets go of what was asked for, once the transfer's job holds it; not sooner, as an attempt that dies needs it again. */
  forget(request: Pick<JoinableRequest, 'transferId'>): Promise<void>
  /** What `close` tells, without closing. */
  modelsOf(request: JoinableRequest): Promise<readonly string[] | undefined>
}

/** Opens them in Redis. */
export function createOpenRequests({ redis, prefix }: QueueConnection): OpenRequests {
  const openKey = (destination: string): string => `${prefix}:open-transfers:${destination}`
  const modelsPrefix = `${prefix}:models-of:`
  return {
    join: async ({ destination, transferId, type, models }, whenBusy) => {
      const jobKey = `${prefix}:transfers:${transferId}`
      const fields = [type, transferId, whenBusy, modelsPrefix, KEPT_SECONDS, ...(models ?? [ALL_MODELS])]
      return z.string().parse(await redis.eval(JOIN, 2, openKey(destination), jobKey, ...fields))
    },
    close: async request => {
      const { destination, transferId, type } = request
      const keys = [openKey(destination), modelsPrefix + transferId] as const
      return united(request, z.array(z.string()).parse(await redis.eval(CLOSE, 2, ...keys, type, transferId)))
    },
    forget: async ({ transferId }) => {
      await redis.del(modelsPrefix + transferId)
    },
    modelsOf: async request => united(request, await redis.smembers(modelsPrefix + request.transferId)),
  }
}

/** The request's own models, in its order, and then the others. */
function united({ models }: JoinableRequest, joined: readonly string[]): readonly string[] | undefined {
  if (models === undefined || joined.includes(ALL_MODELS)) return undefined
  return [...new Set([...models, ...[...joined].sort()])]
}
