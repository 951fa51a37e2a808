import type { TransferError } from '../domain/errors.ts'
import type { TransferStatus } from '../domain/transfer.ts'

/** What the process's exit code says; `athena-transfer --help` prints this table. */
export const EXIT_CODES = {
  success: { code: 0, means: 'Done.' },
  internal: { code: 1, means: 'A failure without a name: report it.' },
  usage: { code: 2, means: 'Wrong command, option or configuration.' },
  operator: { code: 3, means: "Failed; the operator's move (see the hint)." },
  customer: { code: 4, means: "Failed; the customer's move (see the hint)." },
  partial: { code: 5, means: 'Some models failed, the others are loaded.' },
  cancelled: { code: 6, means: 'Cancelled before its end.' },
} as const

/** The exit code for a failure. */
export function exitCodeOf(error: TransferError): number {
  if (error.code === 'CONFIG_INVALID') return EXIT_CODES.usage.code
  if (error.code === 'CANCELLED') return EXIT_CODES.cancelled.code
  if (error.code === 'INTERNAL') return EXIT_CODES.internal.code
  return EXIT_CODES[error.owner].code
}

/** The exit code for a transfer's final status; `owner` is that of its first failed model. */
export function exitCodeOfStatus(status: TransferStatus, owner: TransferError['owner'] = 'operator'): number {
  switch (status) {
    case 'PARTIAL_FAILURE':
      return EXIT_CODES.partial.code
    case 'CANCELLED':
      return EXIT_CODES.cancelled.code
    case 'ERROR':
    case 'EXPIRED':
    case 'ORPHANED':
      return EXIT_CODES[owner].code
    default:
      return EXIT_CODES.success.code
  }
}
