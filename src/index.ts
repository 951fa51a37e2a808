/** What the scheduler's engineers import: the producer of transfer jobs, and the words its answers use. */
export { ERROR_CODES, type ErrorCode, type ErrorReport, TransferError } from './domain/errors.ts'
export type { ModelResult, TransferResult, TransferStatus, TransferType } from './domain/transfer.ts'
export { newTransferId } from './domain/transfer-id.ts'
export type { TransferWindow } from './domain/transfer-window.ts'
export type { PausedDestination } from './queue/circuit-store.ts'
export { createTransferQueue, type TransferQueue } from './queue/transfer-queue.ts'
