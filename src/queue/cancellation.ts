import type { QueueConnection } from './connection.ts'

/** How long a cancelled transfer is remembered, in seconds: longer than any job of it may wait. */
const REMEMBERED_SECONDS = 7 * 24 * 3600

/** Marks a transfer as cancelled and tells all workers. */
export async function markCancelled({ redis, prefix }: QueueConnection, transferId: string): Promise<void> {
  await redis.set(keyOf(prefix, transferId), '1', 'EX', REMEMBERED_SECONDS)
  await redis.publish(channelOf(prefix), transferId)
}

/** True once `markCancelled` was called. */
export async function isCancelled({ redis, prefix }: QueueConnection, transferId: string): Promise<boolean> {
  return (await redis.exists(keyOf(prefix, transferId))) === 1
}

/** Calls back with the id of each transfer that is cancelled from now on. Close it when done. */
export async function onCancelled(
  { redis, prefix }: QueueConnection,
  callback: (transferId: string) => void,
): Promise<{ close(): void }> {
  const subscriber = redis.duplicate()
  subscriber.on('error', () => {
    // ioredis reconnects and subscribes again; a cancellation missed meanwhile is read from its mark.
  })
  subscriber.on('message', (_channel, transferId) => callback(transferId))
  await subscriber.subscribe(channelOf(prefix))
  return { close: () => subscriber.disconnect() }
}

function keyOf(prefix: string, transferId: string): string {
  return `${prefix}:cancelled:${transferId}`
}

function channelOf(prefix: string): string {
  return `${prefix}:cancellations`
}
