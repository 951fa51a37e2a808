import { createHash } from 'node:crypto'
import { parseXml, type XmlElement } from '../http/xml.ts'
import { s3Error } from './errors.ts'
import { type BodyClaims, verifyBody } from './receive-body.ts'
import type { S3Request } from './request.ts'

/** Largest XML body that S3 takes, in bytes: enough for 10,000 parts with checksums. */
const MAX_XML_BYTES = 4 * 1024 ** 2

/** Reads and verifies a small XML body. @throws {AwsError} `MalformedXML` and what `verifyBody` throws. */
export async function readXml(
  request: S3Request,
  checksumHeaders: BodyClaims['checksumHeaders'],
): Promise<XmlElement> {
  const { text } = await verifyBody(request.call, { ...request, checksumHeaders }, async (source, meters) => {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of source) {
      size += chunk.length
      if (size > MAX_XML_BYTES) throw s3Error('MalformedXML')
      for (const meter of meters) meter.update(chunk)
      chunks.push(chunk)
    }
    const bytes = Buffer.concat(chunks)
    return { text: bytes.toString('utf8'), md5Hex: createHash('md5').update(bytes).digest('hex') }
  })
  try {
    return parseXml(text)
  } catch {
    throw s3Error('MalformedXML')
  }
}
