import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'

/** A billing platform's three models, as their YAML files say. */
export const BILLING_MODELS = {
  customers: {
    files: { path: 'customers-*.ndjson' },
    primaryKey: ['id'],
    cursor: 'updated_at',
    columns: [
      { name: 'id', type: 'uuid' },
      { name: 'name', type: 'string', description: 'Name on the invoice' },
      { name: 'country', type: 'string' },
      { name: 'is_active', type: 'boolean' },
      { name: 'created_at', type: 'timestamp' },
      { name: 'updated_at', type: 'timestamp' },
    ],
  },
  invoices: {
    files: { path: 'invoices-*.ndjson' },
    primaryKey: ['id'],
    cursor: 'updated_at',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'customer_id', type: 'uuid' },
      { name: 'status', type: 'string' },
      { name: 'total', type: 'decimal(38,9)' },
      { name: 'issued_on', type: 'date' },
      { name: 'updated_at', type: 'timestamp' },
    ],
  },
  invoice_lines: {
    files: { path: 'invoice_lines-*.ndjson' },
    primaryKey: ['invoice_id', 'line_number'],
    cursor: 'updated_at',
    columns: [
      { name: 'invoice_id', type: 'bigint' },
      { name: 'line_number', type: 'integer' },
      { name: 'product', type: 'string' },
      { name: 'quantity', type: 'double' },
      { name: 'unit_price', type: 'decimal(18,6)' },
      { name: 'total', type: 'decimal(38,9)' },
      { name: 'updated_at', type: 'timestamp' },
    ],
  },
} as const

/** How many rows of each model the first transfer has: 210,000 in all. */
export const FIRST_ROWS = { customers: 10_000, invoices: 50_000, invoice_lines: 150_000 } as const

/** Day of the first transfer; rows change in the hour before it. */
const FIRST_DAY_MS = Date.UTC(2026, 0, 31)

/** A seeded random source of numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Writes the first day's files, the same at each call. */
export async function writeFirstDay(folder: string): Promise<void> {
  const random = randomFrom(1)
  await writeRows(join(folder, 'customers-1.ndjson'), FIRST_ROWS.customers, index =>
    customer(index, random, 0),
  )
  await writeRows(join(folder, 'invoices-1.ndjson'), FIRST_ROWS.invoices, index => invoice(index, random, 0))
  await writeRows(join(folder, 'invoice_lines-1.ndjson'), FIRST_ROWS.invoice_lines, index =>
    line(index, random, 0),
  )
}

/** Writes the second day's files: of each model one row in twenty changed, and one in a hundred is new. */
export async function writeSecondDay(folder: string): Promise<void> {
  const random = randomFrom(2)
  const changed = (count: number, index: number): number =>
    index < count / 20 ? index * 20 : count + index - count / 20
  const rowsOf = (count: number): number => count / 20 + count / 100
  const { customers, invoices, invoice_lines: lines } = FIRST_ROWS
  await writeRows(join(folder, 'customers-2.ndjson'), rowsOf(customers), index =>
    customer(changed(customers, index), random, 1),
  )
  await writeRows(join(folder, 'invoices-2.ndjson'), rowsOf(invoices), index =>
    invoice(changed(invoices, index), random, 1),
  )
  await writeRows(join(folder, 'invoice_lines-2.ndjson'), rowsOf(lines), index =>
    line(changed(lines, index), random, 1),
  )
}

async function writeRows(path: string, count: number, rowAt: (index: number) => object): Promise<void> {
  const out = createWriteStream(path)
  for (let index = 0; index < count; index++) {
    if (!out.write(`${JSON.stringify(rowAt(index))}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
}

function customer(index: number, random: () => number, day: number): object {
  return {
    id: customerId(index),
    name: `Customer ${index} ${['GmbH', 'S.à r.l.', 'Ltd', '株式会社'][index % 4]}`,
    country: ['DE', 'FR', 'GB', 'JP', 'US'][Math.floor(random() * 5)],
    is_active: random() > 0.1,
    created_at: new Date(FIRST_DAY_MS - index * 60_000).toISOString(),
    updated_at: changedAt(random, day),
  }
}

function invoice(index: number, random: () => number, day: number): object {
  return {
    id: index,
    customer_id: customerId(index % FIRST_ROWS.customers),
    status: day === 0 ? 'DRAFT' : 'FINALIZED',
    total: (Math.floor(random() * 1e9) / 1e4).toFixed(4),
    issued_on: new Date(FIRST_DAY_MS + day * 86_400_000).toISOString().slice(0, 10),
    updated_at: changedAt(random, day),
  }
}

function line(index: number, random: () => number, day: number): object {
  const quantity = Math.ceil(random() * 100)
  const cents = Math.floor(random() * 1e6)
  return {
    invoice_id: Math.floor(index / 3),
    line_number: index % 3,
    product: `product-${Math.floor(random() * 50)}`,
    quantity,
    unit_price: (cents / 100).toFixed(2),
    total: ((quantity * cents) / 100).toFixed(2),
    updated_at: changedAt(random, day),
  }
}

function customerId(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`
}

function changedAt(random: () => number, day: number): string {
  const ms = FIRST_DAY_MS + day * 86_400_000 - Math.floor(random() * 3_600_000)
  return `${new Date(ms).toISOString().slice(0, -1)}${String(Math.floor(random() * 1000)).padStart(3, '0')}Z`
}
