/** A reflected CRC: its width in bits and its polynomial, lowest power first in the highest bit. */
export interface CrcPolynomial {
  readonly width: bigint
  readonly reflected: bigint
}

/** The CRCs whose values for a whole can be had from those of its parts. */
export const CRC_POLYNOMIALS = {
  CRC32: { width: 32n, reflected: 0xedb88320n },
  CRC32C: { width: 32n, reflected: 0x82f63b78n },
  CRC64NVME: { width: 64n, reflected: 0x9a6c9329ac4bc9b5n },
} as const satisfies Record<string, CrcPolynomial>

/** The CRC of two texts one after the other, from the CRC of each and the second one's length in bytes. */
export function combineCrc(crc: CrcPolynomial, first: bigint, second: bigint, secondBytes: number): bigint {
  return multiply(crc, powerOfX(crc, 8n * BigInt(secondBytes)), first) ^ second
}

/** Product of two polynomials modulo the CRC's; the highest bit holds the lowest power. */
function multiply(crc: CrcPolynomial, left: bigint, right: bigint): bigint {
  const top = 1n << (crc.width - 1n)
  let product = 0n
  let shifted = right
  for (let bit = top; bit > 0n; bit >>= 1n) {
    if (left & bit) product ^= shifted
    shifted = shifted & 1n ? (shifted >> 1n) ^ crc.reflected : shifted >> 1n
  }
  return product
}

function powerOfX(crc: CrcPolynomial, exponent: bigint): bigint {
  let result = 1n << (crc.width - 1n)
  let square = 1n << (crc.width - 2n)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(crc, result, square)
    square = multiply(crc, square, square)
  }
  return result
}
