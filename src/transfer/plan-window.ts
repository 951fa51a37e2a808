import { TransferError } from '../domain/errors.ts'
import type { Model } from '../domain/model.ts'
import { windowCursorOf } from '../domain/row-identity.ts'
import {
  type CursorWindow,
  cursorWindow,
  leavesLookbackAlone,
  leavesRowsAhead,
  watermarkAfterWindow,
} from '../domain/transfer-window.ts'
import type { Watermark } from '../domain/watermark.ts'
import type { ModelJob } from './transfer-model.ts'

/**
 * The window of a backfill in the model's own cursor; undefined for transfers without one.
 *
 * @throws {TransferError} `WINDOW_REFUSED` for a model that cannot be read in part, or whose rows replace all others.
 */
export function windowOf({
  model,
  transfer,
}: Pick<ModelJob, 'model' | 'transfer'>): CursorWindow | undefined {
  if (!transfer.window) return undefined
  if (model.writeMode === 'overwrite')
    throw refused(model, 'it is overwritten, so the rows of a window would remove all others')
  const cursor = windowCursorOf(model)
  if (!cursor) throw refused(model, 'it has no cursor that could lie in one')
  const window = cursorWindow(transfer.window, cursor.type)
  if (!window)
    throw refused(model, `its cursor "${cursor.name}" is of type ${cursor.type.kind}, which is no time`)
  return window
}

/** @throws {TransferError} `WINDOW_REFUSED`: rows that are told apart in a new way do not meet those that are there. */
export function refuseReplaced(model: Model): never {
  throw refused(
    model,
    'its key or write mode changed, so the next transfer must replace the table as a whole first',
  )
}

function refused({ name }: Model, why: string): TransferError {
  return new TransferError('WINDOW_REFUSED', `model "${name}" cannot be transferred by a window: ${why}`, {
    details: { model: name },
  })
}

/** A window, what is known beside it, and what follows for both. */
export interface WindowEffect {
  /** True when the watermark must be written down beside the table, as the table no longer tells it. */
  readonly leavesRowsAhead: boolean
  /** True when the digest of the lookback's rows holds after it. */
  readonly leavesLookbackAlone: boolean
  readonly watermarkAfter: (largest: Watermark | undefined) => Watermark | undefined
}

/** What loading a window of a model does to what is remembered of it. */
export function effectOf(model: Model, window: CursorWindow, before: Watermark | undefined): WindowEffect {
  const { lookbackMs } = model
  const type = windowCursorOf(model)?.type ?? { kind: 'timestamp' }
  const load = { before, window, type, lookbackMs }
  return {
    leavesRowsAhead: leavesRowsAhead(load),
    leavesLookbackAlone: leavesLookbackAlone(load),
    watermarkAfter: largest => watermarkAfterWindow(load, largest),
  }
}
