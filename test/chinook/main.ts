/** `node test/chinook/main.ts FOLDER`: loads four tables of the Chinook data set twice and checks what arrived. */
import { resolve } from 'node:path'
import { createCustomer } from '../support/customer.ts'
import { startStandIn } from '../support/stand-in.ts'
import { createWorkspace } from '../support/workspace.ts'

const MODELS = {
  customers: {
    files: { path: 'Customer.ndjson' },
    primaryKey: ['CustomerId'],
    columns: [
      { name: 'CustomerId', type: 'integer' },
      { name: 'FirstName', type: 'string' },
      { name: 'LastName', type: 'string' },
      { name: 'Company', type: 'string' },
      { name: 'Country', type: 'string' },
      { name: 'Email', type: 'string' },
    ],
  },
  invoices: {
    files: { path: 'Invoice.ndjson' },
    primaryKey: ['InvoiceId'],
    columns: [
      { name: 'InvoiceId', type: 'integer' },
      { name: 'CustomerId', type: 'integer' },
      { name: 'InvoiceDate', type: 'timestamp' },
      { name: 'BillingCity', type: 'string' },
      { name: 'Total', type: 'decimal(10,2)' },
    ],
  },
  invoice_lines: {
    files: { path: 'InvoiceLine.ndjson' },
    primaryKey: ['InvoiceLineId'],
    columns: [
      { name: 'InvoiceLineId', type: 'integer' },
      { name: 'InvoiceId', type: 'integer' },
      { name: 'TrackId', type: 'integer' },
      { name: 'UnitPrice', type: 'decimal(10,2)' },
      { name: 'Quantity', type: 'integer' },
    ],
  },
  playlist_tracks: {
    files: { path: 'PlaylistTrack.ndjson' },
    primaryKey: ['PlaylistId', 'TrackId'],
    columns: [
      { name: 'PlaylistId', type: 'integer' },
      { name: 'TrackId', type: 'integer' },
    ],
  },
}

/** What the four tables hold, counted in the published data set. */
const EXPECTED = ['59', '2328.60', '412', '2240', '8715']

const SQL = `SELECT (SELECT count(*) FROM "acme_export"."customers"), (SELECT sum(total) FROM "acme_export"."invoices"),
  (SELECT count(*) FROM "acme_export"."invoices"), (SELECT count(*) FROM "acme_export"."invoice_lines"),
  (SELECT count(*) FROM "acme_export"."playlist_tracks")`

const dataFolder = resolve(process.argv[2] ?? '.')
const standIn = await startStandIn()
const workspace = await createWorkspace(standIn, await createCustomer(standIn), { dataFolder })
try {
  for (const [name, model] of Object.entries(MODELS)) await workspace.writeModel(name, model)
  for (const changed of [
    [59, 412, 2240, 8715],
    [0, 0, 0, 0],
  ]) {
    const run = await workspace.cli('run', 'acme', '--model', ...Object.keys(MODELS))
    if (run.exitCode !== 0) throw new Error(`run ended ${run.exitCode}: ${run.stderr}${run.stdout}`)
    const result: { models: { changedRowCount: number }[] } = JSON.parse(run.stdout)
    check(
      'rows changed',
      result.models.map(model => String(model.changedRowCount)),
      changed.map(String),
    )
    const query = await workspace.cli('query', 'acme', SQL)
    if (query.exitCode !== 0) throw new Error(query.stderr)
    check(
      'customers, sum(total), invoices, lines, playlist tracks',
      JSON.parse(query.stdout).rows[0],
      EXPECTED,
    )
  }
} finally {
  await standIn.stop()
  await workspace.remove()
}

function check(what: string, found: readonly string[], expected: readonly string[]): void {
  console.log(`${what}: ${found.join(', ')}`)
  if (found.join() !== expected.join()) throw new Error(`expected ${expected.join(', ')}`)
}
