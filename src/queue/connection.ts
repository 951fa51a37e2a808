import { Redis } from 'ioredis'
import { TransferError } from '../domain/errors.ts'

/** Redis and the first part of our keys in it. */
export interface QueueConnection {
  readonly redis: Redis
  readonly prefix: string
}

/** Names of the two queues. */
export const QUEUES = { transfers: 'transfers', models: 'models' } as const

/** How long a producer waits for Redis before it says so, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000

/**
 * Connects to Redis. Commands wait for a lost connection to come back, as BullMQ's workers need it; the first
 * connection is waited for at most 5 seconds.
 *
 * @throws {TransferError} `QUEUE_UNAVAILABLE`; the password in the address is never shown.
 */
export async function connectRedis(options: {
  readonly redisUrl: string
  readonly prefix: string
}): Promise<QueueConnection> {
  const redis = new Redis(options.redisUrl, { maxRetriesPerRequest: null, lazyConnect: true })
  redis.on('error', () => {
    // Reconnecting is ioredis' own; a failure to connect at first is thrown below.
  })
  try {
    await Promise.race([redis.connect(), timeout()])
  } catch (cause) {
    redis.disconnect()
    throw new TransferError(
      'QUEUE_UNAVAILABLE',
      `Redis at ${addressOf(options.redisUrl)} cannot be reached`,
      { cause },
    )
  }
  return { redis, prefix: options.prefix }
}

function timeout(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(
      () => reject(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
      CONNECT_TIMEOUT_MS,
    ).unref()
  })
}

function addressOf(redisUrl: string): string {
  return URL.canParse(redisUrl) ? new URL(redisUrl).host || new URL(redisUrl).pathname : redisUrl
}

/** What of Redis's settings endangers jobs, in sentences for the log; none when all is well or not to be read. */
export async function redisWarnings({ redis }: QueueConnection): Promise<readonly string[]> {
  const [, policy] = (await redis.config('GET', 'maxmemory-policy').catch(() => [])) as string[]
  const [, appendOnly] = (await redis.config('GET', 'appendonly').catch(() => [])) as string[]
  const [, save] = (await redis.config('GET', 'save').catch(() => [])) as string[]
  const warnings: string[] = []
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(`Redis may evict jobs: maxmemory-policy is ${policy}, set noeviction`)
  if (appendOnly === 'no' && save === '')
    warnings.push('Redis keeps nothing on disk: jobs are lost when it stops, set appendonly yes')
  return warnings
}
