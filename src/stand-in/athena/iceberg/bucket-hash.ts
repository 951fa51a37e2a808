/**
 * Iceberg's hash of a value's bytes, 32-bit Murmur3 (x86 variant, seed 0), from appendix B of its specification.
 * `bucket[N]` is the hash without its sign bit, modulo N.
 */
export function bucketHash(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocksEnd = bytes.length - (bytes.length % 4)
  let hash = 0
  for (let at = 0; at < blocksEnd; at += 4) {
    hash ^= scrambled(view.getUint32(at, true))
    hash = (Math.imul(rotated(hash, 13), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let at = bytes.length - 1; at >= blocksEnd; at -= 1) tail = (tail << 8) | (bytes[at] ?? 0)
  if (blocksEnd < bytes.length) hash ^= scrambled(tail)
  return mixed(hash ^ bytes.length)
}

function scrambled(block: number): number {
  return Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593)
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}

function mixed(hash: number): number {
  let result = hash
  result = Math.imul(result ^ (result >>> 16), 0x85ebca6b)
  result = Math.imul(result ^ (result >>> 13), 0xc2b2ae35)
  return result ^ (result >>> 16)
}

/** What is hashed of integers, dates (days) and timestamps (microseconds): eight bytes, the lowest first. */
export function longBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value, true)
  return bytes
}
