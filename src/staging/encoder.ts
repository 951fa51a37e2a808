import { fork } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type ErrorCode, isErrorCode, TransferError } from '../domain/errors.ts'
import { rejectedRowSchema } from '../domain/rejected-row.ts'
import type { EncodeOutcome, EncodeRequest } from './encode-slice.ts'

/** What an encoder is asked: `folder` is the model's own, the only one that it may touch. */
export interface EncoderQuestion {
  readonly folder: string
  readonly request: EncodeRequest
}

/** An encoder's process, as its owner holds it. */
export interface Encoder {
  /** One question at a time. @throws {TransferError} `STAGING_FAILED` when the process ended without an answer. */
  encode(question: EncoderQuestion): Promise<EncodeOutcome>
  /** True once it says so, false when it has ended. */
  isReady(): Promise<boolean>
  /** True while it may be asked: it lives, waits for a question, and has answered the last one in a way that has a name. */
  readonly isSound: boolean
  /** Bytes of memory after its last answer; 0 before the first. */
  readonly residentBytes: number
  /** Whether it keeps its owner's process from ending by itself. It does at first. */
  hold(isHeld: boolean): void
  /** Kills the process, whatever it does, and returns once it is gone. */
  end(): Promise<void>
}

const codeSchema = z.custom<ErrorCode>(isErrorCode)

const answerSchema = z.union([
  z.object({
    residentBytes: z.number(),
    outcome: z.object({
      rowCount: z.number(),
      stagedRowCount: z.number(),
      rejectedRowCount: z.number(),
      rejectedExamples: z.array(rejectedRowSchema),
      csvHeader: z.array(z.string()).optional(),
      maxCursor: z.string().nullable(),
      bounds: z.array(z.object({ column: z.string(), min: z.string(), max: z.string() })),
      partitions: z.array(z.array(z.string().nullable())),
      spans: z.array(z.object({ start: z.string().optional(), rowCount: z.number(), hashSum: z.string() })),
    }),
  }),
  z.object({ failure: z.object({ code: codeSchema, message: z.string() }) }),
])

/** This file's neighbour, `.ts` unbuilt and `.js` built. */
const PROGRAM = fileURLToPath(import.meta.url).replace(/encoder(\.[tj]s)$/, 'encoder-process$1')

/**
 * Starts an encoder. It is given nothing of the worker's environment, which may hold secrets, and ends with the worker
 * however that ends. Its compiled code is kept in the user's cache folder, which spares the next start half of its time.
 */
export function startEncoder(): Encoder {
  const child = fork(PROGRAM, {
    env: { NODE_COMPILE_CACHE: join(homedir(), '.cache/athena-transfer/code') },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const gone = new Promise<TransferError>(resolve => {
    child.on('error', cause => resolve(failed('could not be started or asked', cause)))
    child.once('exit', (code, killed) =>
      resolve(failed(`ended with ${killed ?? `code ${code}`} before it answered`)),
    )
  })
  const answer = async (): Promise<unknown> => {
    const heard = await Promise.race([once(child, 'message'), gone])
    if (heard instanceof TransferError) throw heard
    return heard[0]
  }
  const ready = answer()
  ready.catch(() => {
    // Thrown to whoever asks first.
  })
  let isAnswering = false
  let isSuspect = false
  let residentBytes = 0
  return {
    async encode(question) {
      isAnswering = true
      await ready
      const answered = answer()
      child.send(question)
      const told = answerSchema.parse(await answered)
      isAnswering = false
      if ('failure' in told) {
        isSuspect = told.failure.code === 'INTERNAL'
        throw new TransferError(toStagingCode(told.failure.code), told.failure.message)
      }
      residentBytes = told.residentBytes
      return told.outcome
    },
    async isReady() {
      try {
        await ready
        const answered = answer()
        child.send('ready?')
        await answered
        return true
      } catch {
        // Whatever ended it, it ended while no model needed it.
        return false
      }
    },
    get isSound() {
      return child.connected && !isAnswering && !isSuspect
    },
    get residentBytes() {
      return residentBytes
    },
    hold(isHeld) {
      const change = isHeld ? 'ref' : 'unref'
      child[change]()
      child.channel?.[change]()
    },
    async end() {
      child.ref()
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** What the encoder has no name for is a failure of staging. */
function toStagingCode(code: ErrorCode): ErrorCode {
  return code === 'INTERNAL' ? 'STAGING_FAILED' : code
}

function failed(what: string, cause?: unknown): TransferError {
  return new TransferError('STAGING_FAILED', `the encoder ${what}`, { cause })
}
