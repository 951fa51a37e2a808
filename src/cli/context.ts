import { type Config, loadConfig } from '../config/load-config.ts'
import { readSettings, type Settings } from '../config/settings.ts'
import { createTransferQueue, type TransferQueue } from '../queue/transfer-queue.ts'
import { type Composition, compose } from './compose.ts'
import type { Output } from './output.ts'

/** What every command is given. Settings and configuration are read when first asked for. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly output: Output
  /** Aborts at SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}

/** The settings of the environment. */
export function settingsOf(context: Context): Settings {
  return readSettings(context.env)
}

/** Settings, configuration, and the straight line put together from them. */
export async function composed(
  context: Context,
): Promise<{ readonly settings: Settings; readonly config: Config; readonly composition: Composition }> {
  const settings = settingsOf(context)
  const config = await loadConfig(settings.config)
  return { settings, config, composition: compose(settings, config) }
}

/** Runs work with the queue's producer and closes it afterwards. */
export async function withQueue<Result>(
  context: Context,
  work: (queue: TransferQueue) => Promise<Result>,
): Promise<Result> {
  const { redisUrl, queuePrefix } = settingsOf(context)
  const queue = await createTransferQueue({ redisUrl, prefix: queuePrefix })
  try {
    return await work(queue)
  } finally {
    await queue.close()
  }
}
