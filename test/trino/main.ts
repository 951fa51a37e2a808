/**
 * The same statements on the DuckDB engine and on real Trino, from the same state: a fixed corpus, then models, rows and
 * evolutions, one of each shape and others that are generated. Then the engines change places: each goes on with what the other wrote.
 *
 * `--seed N` repeats a run, `--cases N` sets how many models are generated, `--generated` leaves the corpus out.
 */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { type Comparison, compare } from './comparison.ts'
import { CORPUS } from './corpus.ts'
import { KNOWN_DIFFERENCES } from './known-differences.ts'
import { casesOf } from './model-cases.ts'
import { modelShape } from './model-shapes.ts'
import { continueCase, type LoadedCase, loadCase } from './run-case.ts'
import { startSide } from './side.ts'
import { STATEMENT_SHAPES } from './statement-shapes.ts'
import { travelInTime } from './time-travel.ts'

const DEFAULT_CASES = 20

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    cases: { type: 'string', default: String(DEFAULT_CASES) },
    generated: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
/** A run with the defaults compares at least so many statements. */
const MIN_STATEMENTS = 1000

/** The fixed cases: rows of each load, and what draws them. */
const [FIXED_ROWS, FIXED_SEED] = [6, 1]

/** Statements under way at a time; each waits more than it computes. */
const LANES = 4

/** Longest time for the generated cases, shrinking included, in milliseconds. */
const GENERATED_LIMIT_MS = 1_800_000

const startedMs = performance.now()
console.log(`seed ${seed}`)

const unexplained: string[] = []
const [first, second] = await Promise.all([startSide('duckdb'), startSide('trino')])
try {
  const before = compare(first, second)
  const loaded = [...(values.generated ? [] : await fixedCorpus(before)), ...(await generated(before))]
  report('loaded in place', before)
  await first.restart('trino')
  await second.restart('duckdb')
  const after = compare(second, first)
  await inLanes(loaded, one => noting(() => continueCase(after, one)))
  report('engines changed places', after)
  const total = (pick: (counts: ReturnType<Comparison['counts']>) => number): number =>
    pick(before.counts()) + pick(after.counts())
  const compared = total(counts => counts.compared)
  for (const { reason, source } of KNOWN_DIFFERENCES) console.log(`known: ${reason} (${source})`)
  console.log(
    `\n${compared} statements compared, differences explained: ${total(counts => counts.explained)}, differences unexplained: ${unexplained.length}, seed ${seed}, ${Math.round((performance.now() - startedMs) / 1000)} s`,
  )
  const isWhole = !values.generated && Number(values.cases) >= DEFAULT_CASES
  process.exitCode = unexplained.length === 0 && compared >= (isWhole ? MIN_STATEMENTS : 1) ? 0 : 1
} finally {
  await Promise.all([first.stop(), second.stop()])
}

function report(what: string, both: Comparison): void {
  const { compared, explained } = both.counts()
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(`${what}: ${compared} statements, ${explained} explained, after ${seconds} s`)
}

/** Statements as they are, then one case of each shape of model; gives the cases that went well. */
async function fixedCorpus(both: Comparison): Promise<readonly LoadedCase[]> {
  await travelInTime(both, noting)
  await inLanes(CORPUS, async lane => {
    for (const sql of lane) await noting(() => both.statement(sql))
  })
  const loaded: LoadedCase[] = []
  await inLanes(Object.entries(STATEMENT_SHAPES), ([name, shape]) =>
    noting(async () => {
      const [one] = fc.sample(casesOf(shape, FIXED_ROWS), { seed: FIXED_SEED, numRuns: 1 })
      if (one) loaded.push(await loadCase(both, name, one))
    }),
  )
  return loaded
}

async function noting(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    note(error instanceof Error ? error.message : String(error))
  }
}

function note(text: string): void {
  unexplained.push(text)
  console.log(`\nUNEXPLAINED ${text}`)
}

/** Works through a list, four at a time. */
async function inLanes<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** Cases that went well; a failure is shrunk, and the smallest is noted. */
async function generated(both: Comparison): Promise<readonly LoadedCase[]> {
  const loaded: LoadedCase[] = []
  let number = 0
  const property = fc.asyncProperty(
    modelShape.chain(shape => casesOf(shape)),
    async one => {
      number += 1
      loaded.push(await loadCase(both, `model_${number}`, one))
    },
  )
  const numRuns = Math.ceil(Number(values.cases) / LANES)
  const options = { numRuns, interruptAfterTimeLimit: GENERATED_LIMIT_MS, markInterruptAsFailure: true }
  const seeds = Array.from({ length: LANES }, (_, lane) => seed + lane)
  await inLanes(seeds, async own => {
    const details = await fc.check(property, { ...options, seed: own })
    if (details.failed) note(`${fc.defaultReportMessage(details)}\n${details.errorInstance}`)
  })
  return loaded
}
