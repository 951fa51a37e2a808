import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CRC_POLYNOMIALS, combineCrc } from './crc-combine.ts'

/** The checksums that S3 verifies and keeps, as its headers and XML call them. */
export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const

export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]

/** A checksum under way. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void
  /** In base64, as S3 spells it. */
  digest(): string
}

/** The header (and trailer) that carries a checksum. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`
}

/** Starts a checksum of an empty text. */
export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'SHA1':
    case 'SHA256': {
      const hash = createHash(algorithm.toLowerCase())
      return { update: bytes => void hash.update(bytes), digest: () => hash.digest('base64') }
    }
    case 'CRC32': {
      let value = 0
      return {
        update: bytes => {
          value = crc32(bytes, value)
        },
        digest: () => crcToBase64(BigInt(value), 32n),
      }
    }
    case 'CRC32C':
      return startCrc32c()
    case 'CRC64NVME':
      return startCrc64()
  }
}

function startCrc32c(): RunningChecksum {
  const table = Uint32Array.from(crcTable(CRC_POLYNOMIALS.CRC32C.reflected), Number)
  let value = 0xffffffff
  return {
    update(bytes) {
      for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0)
    },
    digest: () => crcToBase64(BigInt((value ^ 0xffffffff) >>> 0), 32n),
  }
}

/** 64 bits in two halves: bigint arithmetic by the byte would be a hundred times slower. */
function startCrc64(): RunningChecksum {
  const entries = crcTable(CRC_POLYNOMIALS.CRC64NVME.reflected)
  const highs = Uint32Array.from(entries, entry => Number(entry >> 32n))
  const lows = Uint32Array.from(entries, entry => Number(entry & 0xffffffffn))
  let high = 0xffffffff
  let low = 0xffffffff
  return {
    update(bytes) {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff
        low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0)
        high = (high >>> 8) ^ (highs[index] ?? 0)
      }
    },
    digest() {
      const value = (BigInt((high ^ 0xffffffff) >>> 0) << 32n) | BigInt((low ^ 0xffffffff) >>> 0)
      return crcToBase64(value, 64n)
    },
  }
}

function crcTable(reflected: bigint): bigint[] {
  return Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index)
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ reflected : value >> 1n
    return value
  })
}

function crcToBase64(value: bigint, width: bigint): string {
  return Buffer.from(value.toString(16).padStart(Number(width / 4n), '0'), 'hex').toString('base64')
}

/** One part of a multipart upload, as far as its checksum goes. */
export interface SummedPart {
  readonly size: number
  /** In base64. */
  readonly value: string
}

/** The checksum of the whole object from those of its parts; for CRCs only. */
export function fullObjectChecksum(
  algorithm: keyof typeof CRC_POLYNOMIALS,
  parts: readonly SummedPart[],
): string {
  const crc = CRC_POLYNOMIALS[algorithm]
  const value = parts.reduce((sum, part) => combineCrc(crc, sum, base64ToCrc(part.value), part.size), 0n)
  return crcToBase64(value, crc.width)
}

function base64ToCrc(text: string): bigint {
  return BigInt(`0x${Buffer.from(text, 'base64').toString('hex')}`)
}

/** The checksum of the parts' checksums, with `-N`. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly SummedPart[]): string {
  const running = startChecksum(algorithm)
  for (const part of parts) running.update(Buffer.from(part.value, 'base64'))
  return `${running.digest()}-${parts.length}`
}
