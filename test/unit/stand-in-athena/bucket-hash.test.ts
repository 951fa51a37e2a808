import { expect, it } from 'vitest'
import { bucketHash, longBytes } from '../../../src/stand-in/athena/iceberg/bucket-hash.ts'
import { twosComplement } from '../../../src/stand-in/athena/iceberg/twos-complement.ts'

/** The hashes that appendix B of Iceberg's specification requires. */
it.each([
  ['integer and long 34', longBytes(34n), 2017239379],
  ['decimal 14.20', twosComplement(1420n), -500754589],
  ['date 2017-11-16', longBytes(17486n), -653330422],
  ['time 22:31:08', longBytes(81068000000n), -662762989],
  ['timestamp 2017-11-16T22:31:08', longBytes(1510871468000000n), -2047944441],
  ['timestamp 2017-11-16T22:31:08.000001', longBytes(1510871468000001n), -1207196810],
  ['string iceberg', Buffer.from('iceberg'), 1210000089],
  ['binary 00 01 02 03', Buffer.from([0, 1, 2, 3]), -188683207],
])('hashes %s as the specification says', (_, bytes, hash) => {
  expect(bucketHash(bytes)).toBe(hash)
})
