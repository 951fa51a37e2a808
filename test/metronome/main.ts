/**
 * `npm run test:metronome -- FILE`: Metronome's tables as models of the product. Rows are generated to their types, go
 * through the queue into the stand-in, and are read back through Athena's API: at first, after changes, and unchanged.
 *
 * `--seed N` repeats a run, `--rows N` sets the rows of each model.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { loadProblems } from '../support/load-problems.ts'
import { type LoadedModel, startWholeProduct } from '../support/whole-product.ts'
import { definitionOf, type MetronomeModel, MISSPELT, modelsOf } from './models.ts'
import { changeCount, tableAfter } from './oracle.ts'
import { changedRows, firstRows, lineOf, type SourceRow } from './source.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, rows: { type: 'string', default: '2000' } },
})
const [file] = positionals
if (file === undefined) throw new Error('usage: npm run test:metronome -- FILE')
const rounds = { seed: Number(values.seed ?? Date.now() % 2 ** 30), rowCount: Number(values.rows) }
const startedMs = performance.now()
const models = modelsOf(JSON.parse(await readFile(file, 'utf8')))
for (const [wrong, meant] of Object.entries(MISSPELT)) console.log(`type "${wrong}" is read as "${meant}"`)
console.log(`${models.length} models, ${rounds.rowCount} rows each, seed ${rounds.seed}`)

/** What is known of one model between transfers. */
interface ModelRun {
  readonly model: MetronomeModel
  source: readonly SourceRow[]
  table: readonly SourceRow[]
  /** What each transfer did. */
  readonly results: LoadedModel[]
  comparedCells: number
  readonly problems: string[]
}

const runs = models.map((model): ModelRun => {
  return { model, source: [], table: [], results: [], comparedCells: 0, problems: [] }
})
const product = await startWholeProduct(
  Object.fromEntries(models.map(model => [model.name, definitionOf(model)])),
)
try {
  await transfer(({ model }) => firstRows(model, rounds))
  await transfer(({ model, source }) => changedRows(model, source, rounds))
  await transfer(({ source }) => source)
} finally {
  await product.stop()
}
const cellCount = runs.reduce((sum, run) => sum + run.comparedCells, 0)
const problems = runs.flatMap(run => run.problems.map(problem => `${run.model.name}: ${problem}`))
console.log(reportOf(runs))
for (const problem of problems) console.log(problem)
console.log(
  `${cellCount} cells compared, ${problems.length} differences, seed ${rounds.seed}, ${Math.round((performance.now() - startedMs) / 1000)} s`,
)
process.exitCode = problems.length === 0 && cellCount > 0 ? 0 : 1

async function transfer(change: (run: ModelRun) => readonly SourceRow[]): Promise<void> {
  for (const run of runs) {
    run.source = change(run)
    const lines = run.source.map(row => lineOf(run.model, row))
    await product.workspace.writeData(`${run.model.name}.ndjson`, lines.join(''))
  }
  const results = new Map((await product.transfer()).map(result => [result.model, result]))
  for (const run of runs) {
    const result = results.get(run.model.name)
    if (!result) throw new Error(`the transfer tells nothing of ${run.model.name}`)
    run.results.push(result)
    await compare(run, result)
  }
}

/** Holds what the table is, and what the product says it did, against what must be. */
async function compare(run: ModelRun, result: LoadedModel): Promise<void> {
  const { model, source, table: before } = run
  run.table = tableAfter(model, before, source)
  run.comparedCells += run.table.length * model.columns.length
  const columns = model.columns.map(({ name }) => `"${name}"`).join(', ')
  const problems = loadProblems(
    {
      rows: run.table.map(row => row.cells.map(cell => cell.text)),
      changeCount: changeCount(model, before, run.table),
    },
    result,
    await product.user.sql(`SELECT ${columns} FROM "${model.name}"`),
  )
  run.problems.push(...problems.map(problem => `transfer ${run.results.length}: ${problem}`))
}

/** A line a model; of counts, one for each transfer. */
function reportOf(all: readonly ModelRun[]): string {
  const report = new Table({
    head: [
      'model',
      'mode',
      'columns',
      'read',
      'changed',
      'statements',
      'rows',
      'cells compared',
      'differences',
    ],
    style: { head: [], border: [], compact: true },
  })
  for (const { model, results, table, comparedCells, problems: own } of all) {
    report.push([
      model.name,
      model.writeMode,
      model.columns.length,
      results.map(({ rowCount }) => rowCount).join(', '),
      results.map(({ changedRowCount }) => changedRowCount).join(', '),
      results.map(({ statementCount }) => statementCount).join(', '),
      table.length,
      comparedCells,
      own.length,
    ])
  }
  return report.toString()
}
