import type { Destination } from '../domain/destination.ts'
import { toTransferError } from '../domain/errors.ts'
import type { Model } from '../domain/model.ts'
import { foldName } from '../domain/names.ts'
import { type ModelResult, statusOf, type Transfer, type TransferResult } from '../domain/transfer.ts'
import type { ActiveVersion } from '../load/load-statement.ts'
import { finishTransfer } from './finish-transfer.ts'
import type { TransferDeps } from './ports.ts'
import type { ModelProgress } from './stage.ts'
import { transferModel } from './transfer-model.ts'

/** How a transfer is watched and ended. */
export interface TransferRunOptions {
  readonly signal: AbortSignal
  readonly onProgress: (model: string, progress: ModelProgress) => void
}

/** A whole transfer to run in this process. */
export interface TransferRun {
  readonly transfer: Transfer
  readonly destination: Destination
  readonly models: readonly {
    readonly name: string
    /** @throws {TransferError} `CONFIG_INVALID` for a model that cannot be read, which then fails alone. */
    readonly define: () => Model
    /** Set when rows of older versions are to leave the model's table. */
    readonly activeVersion?: ActiveVersion | undefined
  }[]
}

/**
 * Runs a transfer without a queue: its models one after the other, then `_transfer_status`. A model that fails does
 * not stop the rest; nothing is tried again. A signing key that cannot be read stops all before the first row.
 */
export async function runTransfer(
  deps: TransferDeps,
  run: TransferRun,
  options: TransferRunOptions,
): Promise<TransferResult> {
  const startedAt = new Date()
  await deps.signingKey()
  const results: ModelResult[] = []
  for (const model of run.models) {
    results.push(await resultOf(deps, run, model, options))
  }
  await finishTransfer(deps, {
    destination: run.destination,
    transferId: run.transfer.transferId,
    models: results,
  })
  return {
    transferId: run.transfer.transferId,
    destination: run.destination.name,
    status: statusOf(results),
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    models: results,
  }
}

async function resultOf(
  deps: TransferDeps,
  { transfer, destination }: TransferRun,
  { name, define, activeVersion }: TransferRun['models'][number],
  options: TransferRunOptions,
): Promise<ModelResult> {
  const startedMs = performance.now()
  try {
    return await transferModel(
      deps,
      { transfer, destination, model: define(), activeVersion },
      { signal: options.signal, onProgress: progress => options.onProgress(name, progress) },
    )
  } catch (thrown) {
    return failedModel(name, thrown, Math.round(performance.now() - startedMs))
  }
}

/** Codes of models that were ended, and did not fail. */
const ENDED_FROM_OUTSIDE: ReadonlySet<string> = new Set(['CANCELLED', 'TRANSFER_EXPIRED'])

/** The result of a model that did not end well: nothing of it is visible. */
export function failedModel(name: string, thrown: unknown, durationMs: number): ModelResult {
  const error = toTransferError(thrown)
  return {
    model: name,
    table: foldName(name),
    status: ENDED_FROM_OUTSIDE.has(error.code) ? 'CANCELLED' : 'ERROR',
    rowCount: 0,
    isUnchanged: false,
    rejectedRowCount: Number(error.details.rejectedRowCount ?? 0),
    fileCount: 0,
    stagedBytes: 0,
    changedRowCount: 0,
    scannedBytes: 0,
    statementCount: 0,
    splits: [],
    notices: [],
    durationMs,
    error: error.toReport(),
  }
}
