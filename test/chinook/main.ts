/**
 * `npm run test:chinook -- FOLDER`: tables of the Chinook data set through the queue in every write mode, four transfers
 * with changes between them, the last without any. After each every row is compared with what must be there.
 */
import { resolve } from 'node:path'
import Table from 'cli-table3'
import { loadProblems } from '../support/load-problems.ts'
import { type LoadedModel, startWholeProduct } from '../support/whole-product.ts'
import { CHANGES } from './changes.ts'
import { type ChinookModel, definitionOf, MODELS } from './models.ts'
import { changeCount, readRows, type SourceRow, tableAfter, taken, textsOf, unchangedCount } from './rows.ts'

const TRANSFERS = ['first', 'changed', 'changed again', 'unchanged']

/** What the first transfer brings, counted in the published data set. */
const PUBLISHED = ['59', '2328.60', '412', '2240', '8715']

const PUBLISHED_SQL = `SELECT (SELECT count(*) FROM customers), (SELECT sum(total) FROM invoices),
  (SELECT count(*) FROM invoices), (SELECT count(*) FROM invoice_lines), (SELECT count(*) FROM playlist_tracks)`

/** What is known of one model between transfers. */
interface ModelRun {
  readonly name: string
  readonly model: ChinookModel
  source: readonly SourceRow[]
  table: readonly SourceRow[]
}

const folder = resolve(process.argv[2] ?? '.')
const runs: ModelRun[] = []
for (const [name, model] of Object.entries(MODELS))
  runs.push({ name, model, source: await readRows(folder, model), table: [] })

const problems: string[] = []
const report = new Table({
  head: [
    'transfer',
    'model',
    'mode',
    'read',
    'changed',
    'unchanged',
    'statements',
    'rows compared',
    'differences',
  ],
  style: { head: [], border: [], compact: true },
})
const product = await startWholeProduct(
  Object.fromEntries(runs.map(({ name, model }) => [name, definitionOf(name, model)])),
)
try {
  for (const [index, name] of TRANSFERS.entries()) {
    await transfer(index, name)
    if (index === 0) {
      const [found = []] = await product.user.sql(PUBLISHED_SQL)
      if (found.join() !== PUBLISHED.join()) problems.push(`first transfer: ${found}, expected ${PUBLISHED}`)
    }
  }
} finally {
  await product.stop()
}
console.log(report.toString())
for (const problem of problems) console.log(problem)
console.log(`${TRANSFERS.length} transfers of ${runs.length} models, ${problems.length} differences`)
process.exitCode = problems.length === 0 ? 0 : 1

async function transfer(index: number, name: string): Promise<void> {
  for (const run of runs) {
    run.source = CHANGES[run.name]?.[index]?.(run.source) ?? []
    const lines = run.source.map(row => `${JSON.stringify(taken(run.model, row))}\n`)
    await product.workspace.writeData(`${run.name}.ndjson`, lines.join(''))
  }
  const results = new Map((await product.transfer()).map(result => [result.model, result]))
  for (const run of runs) {
    const result = results.get(run.name)
    if (!result) throw new Error(`the transfer tells nothing of ${run.name}`)
    await compare(run, result, name)
  }
}

/** Holds what the table is, and what the product says it did, against what must be. */
async function compare(run: ModelRun, result: LoadedModel, transferName: string): Promise<void> {
  const { name, model, table: before } = run
  run.table = tableAfter(
    model,
    before,
    run.source.map(row => taken(model, row)),
  )
  const columns = model.columns.map(column => `"${column.name.toLowerCase()}"`).join(', ')
  const found = loadProblems(
    {
      rows: run.table.map(row => textsOf(model, row)),
      changeCount: changeCount(model, before, run.table),
    },
    result,
    await product.user.sql(`SELECT ${columns} FROM ${name}`),
  )
  problems.push(...found.map(problem => `${transferName} transfer, ${name}: ${problem}`))
  report.push([
    transferName,
    name,
    model.writeMode,
    result.rowCount,
    result.changedRowCount,
    unchangedCount(before, run.table),
    result.statementCount,
    run.table.length,
    found.length,
  ])
}
