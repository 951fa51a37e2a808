import { type Config, destinationNamed, modelNamed } from '../config/load-config.ts'
import { formatColumnType } from '../domain/column-type.ts'
import { TransferError } from '../domain/errors.ts'
import type { Model } from '../domain/model.ts'
import { windowCursorOf } from '../domain/row-identity.ts'
import { parseWatermark } from '../domain/watermark.ts'
import { connectRedis } from '../queue/connection.ts'
import { createModelStateStore, type RedisModelStateStore } from '../queue/model-state-store.ts'
import { type Context, composed } from './context.ts'
import { EXIT_CODES } from './exit-codes.ts'
import { table } from './output.ts'

/** Prints what is remembered of a destination's models. */
export async function showStateCommand(context: Context, destinationName: string): Promise<number> {
  return withStates(context, async (states, config) => {
    const { name } = destinationNamed(config, destinationName)
    const found = await states.list(name)
    const rows = Object.entries(found).map(([tableName, { watermark = '', digest = '' }]) => [
      tableName,
      watermark,
      digest.split(':')[0] ?? '',
    ])
    context.output.result(found, () => table(['table', 'watermark', 'rows read again'], rows))
    return EXIT_CODES.success.code
  })
}

/**
 * Sets a model's watermark, also back: the next transfer reads from there, less the lookback.
 *
 * @throws {TransferError} `CONFIG_INVALID` for a model that is not read in windows, or text that is no value of its cursor.
 */
export async function setStateCommand(
  context: Context,
  destinationName: string,
  modelName: string,
  text: string,
): Promise<number> {
  return replaceState(context, destinationName, modelName, model => watermarkFor(model, text))
}

/** Makes the next transfer of a model read everything; rows meet the target in the model's own way. */
export async function resetStateCommand(
  context: Context,
  destinationName: string,
  modelName: string,
): Promise<number> {
  return replaceState(context, destinationName, modelName, () => undefined)
}

/** Keeps how the table's rows are told apart; all else of the state is the new watermark, or nothing. */
async function replaceState(
  context: Context,
  destinationName: string,
  modelName: string,
  watermarkOf: (model: Model) => string | undefined,
): Promise<number> {
  return withStates(context, async (states, config) => {
    const destination = destinationNamed(config, destinationName)
    const model = modelNamed(config, destination, modelName)
    const watermark = watermarkOf(model)
    await states.replace(destination.name, model.tableName, { watermark })
    const told = watermark ?? 'the next transfer reads everything'
    context.output.result({ model: model.name, watermark }, () => `${model.name}: ${told}`)
    return EXIT_CODES.success.code
  })
}

function watermarkFor(model: Model, text: string): string {
  const cursor = windowCursorOf(model)
  const watermark = cursor && parseWatermark(text, cursor.type)
  if (watermark !== undefined) return watermark
  const problem = cursor
    ? `found "${text}", expected a ${formatColumnType(cursor.type)} such as 2026-01-31T12:00:00Z, 2026-01-31 or 42`
    : 'is read whole by every transfer, so it has no watermark'
  throw new TransferError('CONFIG_INVALID', `watermark of model "${model.name}": ${problem}`)
}

async function withStates(
  context: Context,
  work: (states: RedisModelStateStore, config: Config) => Promise<number>,
): Promise<number> {
  const { settings, config } = await composed(context)
  const connection = await connectRedis({ redisUrl: settings.redisUrl, prefix: settings.queuePrefix })
  try {
    return await work(createModelStateStore(connection), config)
  } finally {
    connection.redis.disconnect()
  }
}
