/**
 * Random histories of a source and its transfers, in all write modes: after each transfer the table is compared with an
 * oracle, and at the end one more transfer of the same source must cost nothing.
 *
 * `--seed N` repeats a run, `--runs N` sets how many histories, `--engine trino` runs the statements in a real Trino.
 */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { z } from 'zod'
import { type Model, modelSchema } from '../../src/domain/model.ts'
import { changed, type History, historyArbitrary } from './history.ts'
import { createOracle, type Rules, type SourceRow, type Window } from './oracle.ts'
import { startWorld, type World } from './world.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '500' },
    engine: { type: 'string', default: 'duckdb' },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const engine = z.enum(['duckdb', 'trino']).parse(values.engine)

/** Histories under way at a time; each waits more than it computes. */
const LANES = 4

/** A table that is not what the oracle says. */
class Difference extends Error {
  override readonly name = 'Difference'
}

const startedMs = performance.now()
console.log(`seed ${seed}, engine ${engine}`)
const world = await startWorld(engine)
const counts = { histories: 0, transfers: 0, windows: 0, unchanged: 0 }
try {
  const numRuns = Math.ceil(Number(values.runs) / LANES)
  const property = fc.asyncProperty(historyArbitrary, history => play(world, history))
  const outcomes = await Promise.all(
    Array.from({ length: LANES }, (_, lane) => fc.check(property, { numRuns, seed: seed + lane })),
  )
  const failures = outcomes.filter(outcome => outcome.failed)
  for (const failure of failures)
    console.log(`\nDIFFERENCE ${fc.defaultReportMessage(failure)}\n${failure.errorInstance}`)
  console.log(
    `${counts.histories} histories, ${counts.transfers} transfers, ${counts.windows} of them by windows, ${counts.unchanged} found nothing new; differences: ${failures.length}, seed ${seed}, ${Math.round((performance.now() - startedMs) / 1000)} s`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
} finally {
  await world.stop()
}

async function play(where: World, { rules, steps }: History): Promise<void> {
  counts.histories += 1
  const model = modelOf(rules, `history_${counts.histories}`)
  const oracle = createOracle(rules)
  let source: readonly SourceRow[] = []
  const transfer = async (type: 'incremental' | 'full-refresh', window?: Window) => {
    await where.writeSource(model, source.map(lineOf))
    const bounds = window && { from: `${timeText(window.from, 'T')}Z`, to: `${timeText(window.to, 'T')}Z` }
    const result = await where.transfer(model, type, bounds)
    counts.windows += window ? 1 : 0
    counts.transfers += 1
    counts.unchanged += result.isUnchanged ? 1 : 0
    await compare(where, model, oracle.rows())
    return result
  }
  for (const { changes, transfer: kind } of steps) {
    source = changes.reduce(changed, source)
    if (kind.isForgetful) where.forget(model)
    oracle.transfer(source, kind)
    await transfer(kind.isFull ? 'full-refresh' : 'incremental', kind.window)
  }
  const again = { isFull: false, isForgetful: false }
  oracle.transfer(source, again)
  await transfer('incremental')
  oracle.transfer(source, again)
  const { fileCount, statementCount } = await transfer('incremental')
  if (fileCount + statementCount > 0)
    throw new Difference(`an unchanged source cost ${fileCount} files and ${statementCount} statements`)
}

function modelOf(rules: Rules, name: string): Model {
  return modelSchema.parse({
    name,
    source: 'files',
    files: { path: `${name}.ndjson` },
    writeMode: rules.writeMode,
    primaryKey: rules.hasKey ? ['id'] : [],
    ...(rules.hasCursor ? { cursor: 'at' } : {}),
    ...(rules.deletes === 'none'
      ? {}
      : { deletes: { column: 'deleted', keepRows: rules.deletes === 'soft' } }),
    lookbackMs: rules.lookbackSeconds * 1000,
    ...(rules.isLarge ? { swapAtBytes: 0 } : {}),
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'name', type: 'string' },
      { name: 'deleted', type: 'boolean' },
      { name: 'at', type: 'timestamp' },
    ],
  })
}

function lineOf({ id, name, deleted, at }: SourceRow): string {
  return JSON.stringify({ id, name, deleted, at: at === null ? null : `${timeText(at, 'T')}Z` })
}

function timeText(at: number, between: string): string {
  const text = new Date(Math.floor(at / 1000)).toISOString().slice(0, 23).replace('T', between)
  return `${text}${String(at % 1000).padStart(3, '0')}`
}

async function compare(where: World, model: Model, expected: readonly SourceRow[]): Promise<void> {
  const rows = await where.select(
    `SELECT "id", "name", "deleted", "at" FROM "${where.schema}"."${model.tableName}"`,
  )
  const found = rows.map(row => JSON.stringify(row)).toSorted()
  const wanted = expected
    .map(({ id, name, deleted, at }) =>
      JSON.stringify([
        String(id),
        name,
        deleted === null ? null : String(deleted),
        at === null ? null : timeText(at, ' '),
      ]),
    )
    .toSorted()
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Difference(
      `the table holds\n  ${found.join('\n  ')}\nand should hold\n  ${wanted.join('\n  ')}`,
    )
}
