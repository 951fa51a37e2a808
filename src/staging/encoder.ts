import { fork } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { ERROR_CODES, type ErrorCode, TransferError } from '../domain/errors.ts'
import { rejectedRowSchema } from '../domain/rejected-row.ts'
import type { EncodeOutcome, EncodeRequest } from './encode-slice.ts'

/** The encoder's process, as its owner holds it. */
export interface Encoder {
  /** One request at a time. @throws {TransferError} `STAGING_FAILED` when the process ended without an answer. */
  encode(request: EncodeRequest): Promise<EncodeOutcome>
  close(): void
}

const codeSchema = z.custom<ErrorCode>(code => typeof code === 'string' && code in ERROR_CODES)

const answerSchema = z.union([
  z.object({
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
 * Starts the encoder; it may touch nothing but its work folder and the file it is asked to read, and is killed when the
 * signal aborts. Its compiled code is kept in the user's cache folder, which spares the next start half of its time.
 */
export async function startEncoder(workDir: string, signal: AbortSignal): Promise<Encoder> {
  const child = fork(PROGRAM, [workDir], {
    signal,
    env: { ...process.env, NODE_COMPILE_CACHE: join(homedir(), '.cache/athena-transfer/code') },
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = new Promise<never>((_, reject) => {
    child.once('error', cause => reject(signal.aborted ? cause : failed('could not be started', cause)))
    child.once('exit', (code, killed) =>
      reject(failed(`ended with ${killed ?? `code ${code}`} before it answered`)),
    )
  })
  ended.catch(() => {
    // Told to whoever waits for an answer; after the last one there is nobody to tell.
  })
  await Promise.race([once(child, 'message'), ended])
  return {
    encode: async request => {
      const answered = once(child, 'message')
      child.send(request)
      const [message] = await Promise.race([answered, ended])
      const answer = answerSchema.parse(message)
      if ('failure' in answer)
        throw new TransferError(toStagingCode(answer.failure.code), answer.failure.message)
      return answer.outcome
    },
    close: () => {
      if (child.connected) child.disconnect()
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
