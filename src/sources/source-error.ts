import { TransferError } from '../domain/errors.ts'

/** A source file that cannot be read whole; nothing of its model is loaded. */
export function unreadable(origin: string, problem: string, cause?: unknown): TransferError {
  return new TransferError('SOURCE_UNREADABLE', `${origin}: ${problem}`, { cause, details: { origin } })
}
