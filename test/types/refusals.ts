import { S3 } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { type Customer, createCustomer } from '../support/customer.ts'
import type { TestStandIn } from '../support/stand-in.ts'
import { createWorkspace } from '../support/workspace.ts'
import type { RefusedValue } from './refused-values.ts'
import type { Check } from './round-trip.ts'

const rejectedSchema = z.object({
  line: z.number(),
  column: z.string().optional(),
  path: z.string().optional(),
  reason: z.string(),
})

/**
 * Transfers values that do not fit, one a row, by a model that allows it and has a column for each type, and compares
 * what the customer's bucket has of them afterwards: line, column, path and reason.
 */
export async function refusals(
  standIn: TestStandIn,
  values: readonly RefusedValue[],
): Promise<readonly Check[]> {
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  const types = [...new Set(values.map(value => value.type))]
  const nameOf = ({ type }: RefusedValue): string => `c${types.indexOf(type)}`
  await workspace.writeModel('refused', {
    files: { path: 'refused.ndjson' },
    primaryKey: ['id'],
    rejectedRows: { maxCount: values.length },
    columns: [{ name: 'id', type: 'bigint' }, ...types.map((type, index) => ({ name: `c${index}`, type }))],
  })
  const rows = values.map((value, id) => `{"id":${id},"${nameOf(value)}":${value.ndjson}}`)
  await workspace.writeData('refused.ndjson', rows.join('\n'))
  const { exitCode, stdout, stderr } = await workspace.cli('run', 'acme')
  if (exitCode !== 0) throw new Error(`the transfer ended with ${exitCode}: ${stdout}${stderr}`)
  const told = await rejectedRows(standIn, customer)
  await workspace.remove()
  return values.map((value, at) => ({
    type: value.type,
    value: value.ndjson,
    way: 'refused',
    expected: [nameOf(value), value.path?.replace(/^c/, nameOf(value)), value.reason].join(' '),
    actual: told.get(at + 1),
  }))
}

/** What the customer's bucket says of each line. */
async function rejectedRows(standIn: TestStandIn, customer: Customer): Promise<ReadonlyMap<number, string>> {
  const credentials = await customer.createUser('reader')
  const s3 = new S3({ region: customer.region, endpoint: standIn.url, credentials, forcePathStyle: true })
  const place = { Bucket: customer.bucket, Prefix: `${customer.schema}/rejected/` }
  const told = new Map<number, string>()
  for (const { Key } of (await s3.listObjectsV2(place)).Contents ?? []) {
    const object = await s3.getObject({ Bucket: customer.bucket, Key })
    const text = (await object.Body?.transformToString()) ?? ''
    for (const row of text.trim().split('\n')) {
      const { line, column, path, reason } = rejectedSchema.parse(JSON.parse(row))
      told.set(line, [column, path, reason].join(' '))
    }
  }
  return told
}
