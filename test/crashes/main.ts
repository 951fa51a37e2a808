/**
 * Crash matrix: an attempt ends at each call by which a load changes something, in each write mode, and another attempt
 * goes on. The table must hold what an oracle says, each statement must have run once, and nothing may stay but what the
 * sweep is for.
 *
 * `--engine trino` runs the statements in a real Trino; `--mode NAME`, `--end NAME` and `--successor NAME` play those alone.
 */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type StraightLine, startStraightLine } from '../support/straight-line.ts'
import { ENDS, type End, watched } from './attempt.ts'
import { MODES, type Mode } from './modes.ts'
import { makeTable, SUCCESSORS, type Successor } from './play.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'duckdb' },
    mode: { type: 'string' },
    end: { type: 'string' },
    successor: { type: 'string' },
  },
})
const engine = z.enum(['duckdb', 'trino']).parse(values.engine)

/** Tables under way at a time; each waits more than it computes. */
const LANES = 6

/** One table: an attempt ends in one way at one call after the other. */
interface Series {
  readonly mode: Mode
  readonly end: End
  readonly successor: Successor
}

/** What came of it. */
interface Played extends Series {
  readonly caseCount: number
  readonly problems: readonly string[]
}

async function playSeries(world: StraightLine, series: Series, index: number): Promise<Played> {
  const { mode, end, successor } = series
  const table = await makeTable(world, mode, `crashed_${index}`)
  const calls = await table.callsOfLoad()
  const problems: string[] = []
  for (const [call, name] of calls.entries()) {
    const found = await table
      .play({ call, name, end, successor })
      .catch((thrown: unknown) => [String(thrown)])
    problems.push(...found.map(text => `call ${call + 1}, ${name}: ${text}`))
  }
  const told = `${mode.name}, ${end} each of ${calls.length} calls, then ${successor}`
  console.log(`${told}: ${problems.length === 0 ? 'right' : problems.join('\n  ')}`)
  return { ...series, caseCount: calls.length, problems }
}

/** All series, so many at a time. */
async function playAll(world: StraightLine, all: readonly Series[]): Promise<readonly Played[]> {
  const waiting = all.entries()
  const played: Played[] = []
  const lane = async (): Promise<void> => {
    for (const [index, series] of waiting) played.push(await playSeries(world, series, index))
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return played
}

async function timesOfMerges(world: StraightLine): Promise<readonly string[]> {
  const merges = [...(await world.merges())]
  const others = merges.filter(([, times]) => times !== 1)
  console.log(
    `${merges.length} load statements, ${merges.length - others.length} of them executed exactly once`,
  )
  return others.map(([sql, times]) => `executed ${times} times: ${sql.slice(0, 200)}`)
}

/** Those that were asked for by name; all, if none was. @throws for a name that none has. */
function named<Item>(
  option: 'mode' | 'end' | 'successor',
  items: readonly Item[],
  nameOf: (item: Item) => string,
): readonly Item[] {
  const wanted = values[option]
  const found = items.filter(item => wanted === undefined || nameOf(item) === wanted)
  if (found.length === 0) throw new Error(`--${option} is one of: ${items.map(nameOf).join(', ')}`)
  return found
}

const [ends, successors] = [named('end', ENDS, String), named('successor', SUCCESSORS, String)]
const all = named('mode', MODES, mode => mode.name).flatMap(mode =>
  ends.flatMap(end => successors.map(successor => ({ mode, end, successor }))),
)
const startedMs = performance.now()
const world = await startStraightLine(watched, { engine })
try {
  const played = await playAll(world, all)
  const wrong = await timesOfMerges(world)
  for (const text of wrong) console.log(text)
  const problems = played.reduce((sum, one) => sum + one.problems.length, wrong.length)
  const cases = played.reduce((sum, one) => sum + one.caseCount, 0)
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(`crash matrix on ${engine}: ${cases} cases, ${problems} problems, ${seconds} s`)
  process.exitCode = problems === 0 ? 0 : 1
} finally {
  await world.stop()
}
