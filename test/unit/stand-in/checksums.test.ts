import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CHECKSUM_ALGORITHMS,
  compositeChecksum,
  fullObjectChecksum,
  startChecksum,
} from '../../../src/stand-in/s3/checksums.ts'

function checksum(algorithm: (typeof CHECKSUM_ALGORITHMS)[number], bytes: Uint8Array): string {
  const running = startChecksum(algorithm)
  running.update(bytes)
  return running.digest()
}

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')

describe('checksums', () => {
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ] as const)('%s of "123456789" is the published check value', (algorithm, expected) => {
    expect(hex(checksum(algorithm, Buffer.from('123456789')))).toBe(expected)
  })

  it.each(CHECKSUM_ALGORITHMS)('%s does not depend on how the bytes are cut', algorithm => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), pieces => {
        const running = startChecksum(algorithm)
        for (const piece of pieces) running.update(piece)
        expect(running.digest()).toBe(checksum(algorithm, Buffer.concat(pieces)))
      }),
    )
  })

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
    '%s of a whole follows from those of its parts',
    algorithm => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array(), { minLength: 1 }), pieces => {
          const parts = pieces.map(piece => ({ size: piece.length, value: checksum(algorithm, piece) }))
          expect(fullObjectChecksum(algorithm, parts)).toBe(checksum(algorithm, Buffer.concat(pieces)))
        }),
      )
    },
  )

  it('a composite checksum is the checksum of the checksums with the number of parts', () => {
    const value = checksum('CRC32', Buffer.from('part'))
    const expected = checksum(
      'CRC32',
      Buffer.concat([Buffer.from(value, 'base64'), Buffer.from(value, 'base64')]),
    )

    const part = { size: 4, value }
    expect(compositeChecksum('CRC32', [part, part])).toBe(`${expected}-2`)
  })
})
