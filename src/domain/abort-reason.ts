/**
 * Why running work is ended from outside: by a person; because its transfer ran too long; because this worker stops and
 * another goes on; because another attempt has the table now.
 */
export type AbortReason = 'cancelled' | 'expired' | 'shutdown' | 'superseded'

/** True when somebody else goes on with the work: what was started, a query say, is left running for them. */
export function isHandedOver(signal: AbortSignal): boolean {
  const reason: unknown = signal.aborted ? signal.reason : undefined
  return reason === 'shutdown' || reason === 'superseded'
}
