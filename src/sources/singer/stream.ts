import { isDeepStrictEqual } from 'node:util'
import type { Model } from '../../domain/model.ts'
import type { RowBatch } from '../../domain/row-batch.ts'
import type { MessageOf } from './messages.ts'
import { type Place, refused } from './place.ts'
import { rowOf, type TextProblem } from './record-row.ts'
import { createRecordValidator, type RecordValidator } from './record-validator.ts'
import { openSpool } from './spool.ts'
import { modelOf, type StreamShape, withSchema } from './stream-shape.ts'

/** One record on its way into a stream. */
export interface Incoming {
  readonly record: Readonly<Record<string, unknown>>
  /** The record as it is spelled. */
  readonly text: string
  readonly version: number | undefined
  readonly place: Place
}

/** What of one stream is to be loaded together. */
export interface StreamLoad {
  readonly model: Model
  readonly batch: RowBatch
  /** Rows of older versions are to leave the table with the load. */
  readonly activatedVersion: number | undefined
}

/** The state of one stream, see `openStream`. */
export type Stream = Awaited<ReturnType<typeof openStream>>

/**
 * A stream from its first SCHEMA message on: checks records, spools their rows at a path and knows what is to be loaded.
 *
 * @throws {TransferError} of `withSchema`, `modelOf` and `createRecordValidator`.
 */
export async function openStream(
  first: MessageOf<'SCHEMA'>,
  place: Place,
  { path, textProblem }: { readonly path: string; readonly textProblem: TextProblem },
) {
  let latest = first
  let shape: StreamShape = withSchema(undefined, first, place)
  let isVersioned = false
  let unversionedAt: Place | undefined
  let activatedVersion: number | undefined
  let validate: RecordValidator = createRecordValidator(shape.stream, first.schema, place)
  let model = modelOf(shape, isVersioned, place)
  let isChanged = true
  const spool = await openSpool(path)
  const useVersions = (at: Place): void => {
    if (isVersioned) return
    isVersioned = true
    model = modelOf(shape, isVersioned, at)
  }
  return {
    tableName: model.tableName,
    get spooledBytes() {
      return spool.bytes
    },
    changeSchema: (message: MessageOf<'SCHEMA'>, at: Place): void => {
      if (isDeepStrictEqual(message, latest)) return
      latest = message
      shape = withSchema(shape, message, at)
      validate = createRecordValidator(shape.stream, message.schema, at)
      model = modelOf(shape, isVersioned, at)
      isChanged = true
    },
    add: async ({ record, text, version, place: at }: Incoming): Promise<void> => {
      validate(record, at)
      if (version === undefined) unversionedAt ??= at
      else useVersions(at)
      await spool.write(
        rowOf({ model, keyProperties: shape.keyProperties }, { text, version, place: at }, textProblem),
      )
      isChanged = true
    },
    activate: (version: number, at: Place): void => {
      if (unversionedAt)
        throw refused(unversionedAt, `has no version, and line ${at.line} activates version ${version}`, {
          stream: shape.stream,
        })
      useVersions(at)
      activatedVersion = version
      isChanged = true
    },
    /** What came since the last `settle`; undefined when nothing did. */
    load: async (file: string): Promise<StreamLoad | undefined> => {
      if (!isChanged) return undefined
      const batch = await spool.batch(`${file}, records of stream "${shape.stream}"`)
      return { model, batch, activatedVersion }
    },
    /** To be called once that is loaded. */
    settle: async (): Promise<void> => {
      await spool.clear()
      activatedVersion = undefined
      isChanged = false
    },
    close: () => spool.close(),
  }
}
