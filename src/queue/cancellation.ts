import type { AbortReason } from '../domain/abort-reason.ts'
import { TransferError } from '../domain/errors.ts'
import type { QueueConnection } from './connection.ts'
import { onKey } from './unreadable-state.ts'

/** How long an ended transfer is remembered, in seconds: longer than any job of it may wait. */
const REMEMBERED_SECONDS = 7 * 24 * 3600

/** Why a transfer is ended before its models are: by a person, or because it waited or ran too long. */
export type EndReason = Extract<AbortReason, 'cancelled' | 'expired'>

/** Marks a transfer as ended and tells all workers. The first reason stays. */
export async function markEnded(
  { redis, prefix }: QueueConnection,
  transferId: string,
  reason: EndReason,
): Promise<void> {
  await redis.set(keyOf(prefix, transferId), reason, 'EX', REMEMBERED_SECONDS, 'NX')
  await redis.publish(channelOf(prefix), reason === 'cancelled' ? transferId : `${transferId} ${reason}`)
}

/** Why a transfer was ended, once `markEnded` was called. */
export async function endReasonOf(
  { redis, prefix }: QueueConnection,
  transferId: string,
): Promise<EndReason | undefined> {
  const key = keyOf(prefix, transferId)
  const mark = await onKey(key, () => redis.get(key))
  if (mark === null) return undefined
  return mark === 'expired' ? 'expired' : 'cancelled'
}

/** What a model of an ended transfer fails with. */
export function endedError(
  { transferId, model }: { readonly transferId: string; readonly model: string },
  reason: EndReason,
  cause?: unknown,
): TransferError {
  if (reason === 'cancelled')
    return new TransferError('CANCELLED', `model "${model}" of transfer ${transferId} was cancelled`, {
      cause,
    })
  const message = `model "${model}" was not loaded when transfer ${transferId} had run for as long as it may`
  return new TransferError('TRANSFER_EXPIRED', message, { cause })
}

/** Calls back for each transfer that is ended from now on. Close it when done. */
export async function onEnded(
  { redis, prefix }: QueueConnection,
  callback: (transferId: string, reason: EndReason) => void,
): Promise<{ close(): void }> {
  const subscriber = redis.duplicate()
  subscriber.on('error', () => {
    // ioredis reconnects and subscribes again; an end that is missed meanwhile is read from its mark.
  })
  subscriber.on('message', (_channel, message: string) => {
    const [transferId = '', reason] = message.split(' ')
    callback(transferId, reason === 'expired' ? 'expired' : 'cancelled')
  })
  await subscriber.subscribe(channelOf(prefix))
  return { close: () => subscriber.disconnect() }
}

function keyOf(prefix: string, transferId: string): string {
  return `${prefix}:cancelled:${transferId}`
}

function channelOf(prefix: string): string {
  return `${prefix}:cancellations`
}
