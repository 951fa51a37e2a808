import type { ErrorReport } from './errors.ts'
import type { ModelResult } from './transfer.ts'

/** Why a destination is paused, in the words of the transfer that failed last. */
export type PauseReason = Pick<ErrorReport, 'code' | 'message' | 'hint'>

/**
 * What is known of a destination whose last transfer failed for a reason that is the customer's to mend. One that works has
 * none.
 */
export interface Circuit {
  /** Transfers that failed so, in a row. */
  readonly failures: number
  /** The last of them, so that it counts once however often its end is told. */
  readonly lastTransferId: string
  readonly reason: PauseReason
  /** Set once the failures were enough: no transfer is started until then, by the store's clock, in milliseconds. */
  readonly pausedUntilMs?: number | undefined
  /** The transfer that was let through to try; another one may when it told nothing until then. */
  readonly probe?: { readonly transferId: string; readonly untilMs: number } | undefined
}

/** How transfers to a failing destination are held back. */
export interface CircuitOptions {
  /** Failures in a row that pause it. */
  readonly pauseAfter: number
  /** The first pause, in milliseconds; doubled each time that the probe fails, to at most `LONGEST_PAUSE_MS`. */
  readonly pauseMs: number
}

/** Longest pause, in milliseconds; a first pause that is longer stays as it is. */
export const LONGEST_PAUSE_MS = 3_600_000

/** How long a probe has to tell how it ended, in milliseconds, before another transfer may try. */
const PROBE_MS = 600_000

/** Whether a transfer may start; if not, when to ask again. */
export type Admission =
  | { readonly admitted: true; readonly circuit: Circuit | undefined }
  | { readonly admitted: false; readonly retryAtMs: number; readonly reason: PauseReason }

/** Lets a transfer through unless the destination is paused; after the pause one, which is the probe. */
export function admit(circuit: Circuit | undefined, transferId: string, nowMs: number): Admission {
  if (circuit?.pausedUntilMs === undefined) return { admitted: true, circuit }
  const { pausedUntilMs, probe, reason } = circuit
  if (nowMs < pausedUntilMs) return { admitted: false, retryAtMs: pausedUntilMs, reason }
  if (probe && probe.transferId !== transferId && nowMs < probe.untilMs)
    return { admitted: false, retryAtMs: probe.untilMs, reason }
  return { admitted: true, circuit: { ...circuit, probe: { transferId, untilMs: nowMs + PROBE_MS } } }
}

/** What a transfer's end says of its destination. */
export type Verdict = { readonly kind: 'works' } | { readonly kind: 'fails'; readonly reason: PauseReason }

/**
 * A destination works when a model was loaded. It fails when none was and a failure is the customer's to mend. Anything else,
 * a cancelled transfer or failures of the service's own, says nothing: undefined.
 */
export function verdictOf(models: readonly Pick<ModelResult, 'status' | 'error'>[]): Verdict | undefined {
  if (models.some(({ status }) => status === 'SUCCESS')) return { kind: 'works' }
  const failure = models.find(({ error }) => error?.owner === 'customer')?.error
  if (!failure) return undefined
  const { code, message, hint } = failure
  return { kind: 'fails', reason: { code, message, hint } }
}

/** The circuit after a transfer ended. */
export function afterTransfer(
  circuit: Circuit | undefined,
  transferId: string,
  verdict: Verdict | undefined,
  { nowMs, pauseAfter, pauseMs }: CircuitOptions & { readonly nowMs: number },
): Circuit | undefined {
  if (verdict?.kind === 'works') return undefined
  if (!verdict) return circuit && withoutProbe(circuit, transferId)
  if (circuit?.lastTransferId === transferId) return circuit
  const failures = (circuit?.failures ?? 0) + 1
  const failed = { failures, lastTransferId: transferId, reason: verdict.reason }
  if (failures < pauseAfter) return failed
  const doubled = pauseMs * 2 ** Math.min(failures - pauseAfter, 30)
  return { ...failed, pausedUntilMs: nowMs + Math.min(doubled, Math.max(pauseMs, LONGEST_PAUSE_MS)) }
}

/** A probe that ended without a word leaves its place to the next transfer. */
function withoutProbe(circuit: Circuit, transferId: string): Circuit {
  const { probe, ...rest } = circuit
  return probe?.transferId === transferId ? rest : circuit
}
