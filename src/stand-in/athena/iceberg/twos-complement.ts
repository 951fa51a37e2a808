/** A whole number in two's complement, the highest byte first: in as few bytes as hold it, or in so many. */
export function twosComplement(value: bigint, bytes = leastBytes(value)): Buffer {
  const hex = BigInt.asUintN(bytes * 8, value).toString(16)
  return Buffer.from(hex.padStart(bytes * 2, '0'), 'hex')
}

function leastBytes(value: bigint): number {
  let size = 1
  while (BigInt.asIntN(size * 8, value) !== value) size += 1
  return size
}
