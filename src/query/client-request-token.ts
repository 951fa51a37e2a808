import { createHash } from 'node:crypto'

/** What a statement is for. Equal parts give the equal token, whoever derives it. */
export interface TokenParts {
  readonly transferId: string
  readonly model: string
  /** Which statement of the model, such as `load`. */
  readonly step: string
  /** Grows by one only after the execution of the group before ended FAILED or CANCELLED. */
  readonly group: number
  readonly sql: string
}

/**
 * Athena's ClientRequestToken for a statement: 64 hexadecimal characters (Athena takes 32 to 128). All who submit the
 * same statement for the same group join one execution.
 */
export function clientRequestToken({ transferId, model, step, group, sql }: TokenParts): string {
  return createHash('sha256')
    .update(JSON.stringify([transferId, model, step, group, sql]))
    .digest('hex')
}
