import { z } from 'zod'
import { TransferError } from '../domain/errors.ts'
import type { QueueConnection } from './connection.ts'
import { onKey } from './unreadable-state.ts'

/**
 * Of each destination: a hash of the transfer that may still be joined, by type; of each transfer: a set of the models that
 * were asked for, an empty name for all. A transfer may be joined until a worker starts it, which is one step here, so that every
 * request is either part of it or opens another one.
 */
const JOIN = `
local open = redis.call('HGET', KEYS[1], ARGV[1])
local id = ARGV[2]
if open and not (#open == 26 and string.match(open, '^[0-9a-z]+$')) then open = false end
if open and ARGV[3] == 'merge' then
  id = open
elseif redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('HSET', KEYS[1], ARGV[1], id)
else
  return id
end
local models = ARGV[4] .. id
for i = 6, #ARGV do redis.call('SADD', models, ARGV[i]) end
redis.call('EXPIRE', models, ARGV[5])
return id`

const CLOSE = `
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return redis.call('SMEMBERS', KEYS[2])`

/** Whose a transfer's id is: of the destination that it was first given by, which is also the name of its job. */
const CLAIM = `
local owner = redis.call('GET', KEYS[1]) or redis.call('HGET', KEYS[2], 'name')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1`

/** How long the models of a transfer that never starts are kept here, in seconds; longer than one may wait. */
const KEPT_SECONDS = 30 * 24 * 3600

/** How long an id is claimed, in seconds: longer than it takes to make its job, whose name tells the destination from then on. */
const CLAIMED_SECONDS = 3600

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
  /** Makes a transfer's id the destination's own. @throws {TransferError} `JOB_INVALID` for one that is another's. */
  claim(request: Pick<JoinableRequest, 'destination' | 'transferId'>): Promise<void>
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
    claim: async ({ destination, transferId }) => {
      const keys = [`${prefix}:transfer-of:${transferId}`, `${prefix}:transfers:${transferId}`] as const
      const isOwn = await onKey(keys.join(' or '), () =>
        redis.eval(CLAIM, 2, ...keys, destination, CLAIMED_SECONDS),
      )
      if (isOwn === 1) return
      const message = `transfer id ${transferId} is that of another destination's transfer`
      throw new TransferError('JOB_INVALID', message, {
        hint: 'Give each transfer an id of its own; without one `enqueue` makes a new one.',
        details: { transferId },
      })
    },
    join: async ({ destination, transferId, type, models }, whenBusy) => {
      const jobKey = `${prefix}:transfers:${transferId}`
      const fields = [type, transferId, whenBusy, modelsPrefix, KEPT_SECONDS, ...(models ?? [ALL_MODELS])]
      const key = openKey(destination)
      const place = `${key} or ${modelsPrefix}${transferId}`
      return z.string().parse(await onKey(place, () => redis.eval(JOIN, 2, key, jobKey, ...fields)))
    },
    close: async request => {
      const { destination, transferId, type } = request
      const keys = [openKey(destination), modelsPrefix + transferId] as const
      const joined = await onKey(keys.join(' or '), () => redis.eval(CLOSE, 2, ...keys, type, transferId))
      return united(request, z.array(z.string()).parse(joined))
    },
    modelsOf: async request => {
      const key = modelsPrefix + request.transferId
      return united(request, await onKey(key, () => redis.smembers(key)))
    },
    forget: async ({ transferId }) => {
      await redis.del(modelsPrefix + transferId)
    },
  }
}

/** The request's own models, in its order, and then the others. */
function united({ models }: JoinableRequest, joined: readonly string[]): readonly string[] | undefined {
  if (models === undefined || joined.includes(ALL_MODELS)) return undefined
  return [...new Set([...models, ...[...joined].sort()])]
}
