import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Model, modelSchema } from '../../src/domain/model.ts'

/** The model of the generated rows: 13 columns of a billing platform. */
export const BENCH_MODEL: Model = modelSchema.parse({
  name: 'line_items',
  source: 'bench',
  files: { path: 'rows.ndjson' },
  primaryKey: ['id'],
  cursor: 'updated_at',
  columns: [
    { name: 'id', type: 'uuid' },
    { name: 'invoice_id', type: 'bigint' },
    { name: 'customer_id', type: 'string' },
    { name: 'product', type: 'string' },
    { name: 'description', type: 'string' },
    { name: 'quantity', type: 'double' },
    { name: 'unit_price', type: 'decimal(18,6)' },
    { name: 'total', type: 'decimal(38,9)' },
    { name: 'is_prorated', type: 'boolean' },
    { name: 'line_number', type: 'integer' },
    { name: 'starting_on', type: 'date' },
    { name: 'created_at', type: 'timestamp' },
    { name: 'updated_at', type: 'timestamp' },
  ],
})

/** Writes the rows of a range once and gives the file's path; the same rows at each call. */
export async function benchFile(rowCount: number, firstRow = 0): Promise<string> {
  const path = join(tmpdir(), `athena-transfer-bench-${firstRow}-${rowCount}.ndjson`)
  if (existsSync(path)) return path
  const out = createWriteStream(`${path}.partial`)
  for (let index = firstRow; index < firstRow + rowCount; index++) {
    if (!out.write(`${JSON.stringify(rowAt(index))}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
  await rename(`${path}.partial`, path)
  return path
}

/** One row; a multiplicative hash of the index stands in for chance. */
function rowAt(index: number): object {
  const mixed = Math.imul(index + 1, 0x9e3779b1) >>> 0
  const hex = mixed.toString(16).padStart(8, '0')
  const at = new Date(1_760_000_000_000 + index * 137).toISOString().slice(0, -1)
  return {
    id: `${hex}-1234-4abc-8def-${index.toString(16).padStart(12, '0')}`,
    invoice_id: Math.floor(index / 7),
    customer_id: `cus_${hex}`,
    product: `product-${mixed % 97}`,
    description: `Usage of product-${mixed % 97} in region ${mixed % 13}, metered hourly`,
    quantity: (mixed % 10_000) / 8,
    unit_price: `${mixed % 1000}.${String(mixed % 1_000_000).padStart(6, '0')}`,
    total: (mixed % 100_000_000) / 100,
    is_prorated: mixed % 3 === 0,
    line_number: index % 7,
    starting_on: at.slice(0, 10),
    created_at: `${at}Z`,
    updated_at: `${at}${String(mixed % 1000).padStart(3, '0')}Z`,
  }
}
