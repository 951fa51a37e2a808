import type { EncodeOutcome, EncodeRequest } from './encode-slice.ts'
import { type Encoder, startEncoder } from './encoder.ts'

/** Lends encoders to models: each serves one model at a time, and is kept warm for the next. */
export interface EncoderPool {
  /**
   * Runs `work` with an encoder of its own, which may touch the model's folder and the file of each request alone; it is
   * never waited for, so there are as many as models at once. An abort kills it. The folder must not be used twice.
   *
   * @throws {TransferError} `STAGING_FAILED` when the process crashed; no other model notices. The abort's reason.
   */
  use<Result>(
    model: { readonly folder: string; readonly signal: AbortSignal },
    work: (encode: Encode) => Promise<Result>,
  ): Promise<Result>
  /** Ends the encoders that wait for a model. */
  close(): Promise<void>
}

/** Encodes one slice; one at a time. @throws {TransferError} `STAGING_FAILED`, `SOURCE_UNREADABLE`, `ROW_INVALID`. */
export type Encode = (request: EncodeRequest) => Promise<EncodeOutcome>

/** How long and how an encoder is kept that no model uses. */
export interface EncoderKeeping {
  /** Models that one process serves before another takes its place. */
  readonly maxModels: number
  /** How long one waits for a model, in milliseconds. */
  readonly idleMs: number
  /** Memory above which one is not kept, in bytes. A new one has about 110 MiB; a slice of many rows leaves more behind. */
  readonly maxBytes: number
}

const KEEPING: EncoderKeeping = { maxModels: 200, idleMs: 30_000, maxBytes: 192 * 1024 * 1024 }

/**
 * Starts no process before the first model. A process that waits does not keep the worker alive, and ends with it. Memory
 * while waiting: `maxBytes` for each model that ran at once within `idleMs`.
 */
export function createEncoderPool(keeping: EncoderKeeping = KEEPING): EncoderPool {
  const waiting: Kept[] = []
  return {
    async use({ folder, signal }, work) {
      const kept = (await takeReady(waiting)) ?? { encoder: startEncoder(), modelCount: 0 }
      const { encoder } = kept
      const kill = (): void => void encoder.end()
      signal.addEventListener('abort', kill, { once: true })
      try {
        signal.throwIfAborted()
        return await work(request => encoder.encode({ folder, request }))
      } catch (thrown) {
        throw signal.aborted ? signal.reason : thrown
      } finally {
        signal.removeEventListener('abort', kill)
        const modelCount = kept.modelCount + 1
        const isKept =
          encoder.isSound && modelCount < keeping.maxModels && encoder.residentBytes <= keeping.maxBytes
        if (isKept) wait(waiting, { encoder, modelCount }, keeping.idleMs)
        else await encoder.end()
      }
    },
    async close() {
      await Promise.all(waiting.splice(0).map(({ encoder }) => encoder.end()))
    },
  }
}

interface Kept {
  readonly encoder: Encoder
  readonly modelCount: number
}

/** The one that was used last, so that those too many grow old; one that ended meanwhile is passed over. */
async function takeReady(waiting: Kept[]): Promise<Kept | undefined> {
  const kept = waiting.pop()
  if (!kept) return undefined
  kept.encoder.hold(true)
  return (await kept.encoder.isReady()) ? kept : takeReady(waiting)
}

function wait(waiting: Kept[], kept: Kept, idleMs: number): void {
  waiting.push(kept)
  kept.encoder.hold(false)
  setTimeout(() => {
    const place = waiting.indexOf(kept)
    if (place >= 0) void waiting.splice(place, 1)[0]?.encoder.end()
  }, idleMs).unref()
}
