import { randomBytes } from 'node:crypto'

/** Crockford's base 32, lower case: no i, l, o, u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A new transfer id: a ULID in lower case, 48 bits of milliseconds and 80 random bits.
 * Ids of different milliseconds sort by time, so the files of old transfers are pruned by it.
 */
export function newTransferId(nowMs: number = Date.now()): string {
  const value = (BigInt(nowMs) << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`)
  const digits = Array.from(
    { length: 26 },
    (_, index) => ALPHABET[Number((value >> BigInt(5 * (25 - index))) & 31n)],
  )
  return digits.join('')
}
