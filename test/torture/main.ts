/**
 * Torture of the whole product with real parts: redis-server, the stand-in, worker processes, several destinations. The
 * source changes all the time, transfers are asked for all the time, everything dies all the time; a reader checks that
 * each read is a whole version. After each round of it: peace, one more transfer, every row against an oracle, and a sweep,
 * after which nothing may be left.
 *
 * `--minutes N` sets how long at least, `--round-seconds N` how long chaos lasts before each check, `--workers N`,
 * `--destinations N`; `--seed N` repeats what is done and in which order, though not at which moment it hits.
 */
import { parseArgs } from 'node:util'
import { createRandom } from '../simulation/random.ts'
import { type Strokes, wreakChaos } from './chaos.ts'
import { checkRound, type LeftBehind } from './check-round.ts'
import { createReader } from './reader.ts'
import { repeat } from './repeat.ts'
import { newTally, type Tally, violationsOf } from './tally.ts'
import { openTransfers, type Transfers } from './transfers.ts'
import { startWorld, type World } from './world.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'round-seconds': { type: 'string', default: '60' },
    workers: { type: 'string', default: '3' },
    destinations: { type: 'string', default: '2' },
  },
})

/** Longest time until what chaos left is done, in milliseconds. */
const BACKLOG_LIMIT_MS = 600_000

/** A transfer in so many is a full refresh. */
const FULL_REFRESH_ONE_IN = 8

interface Torture {
  readonly world: World
  readonly transfers: Transfers
  readonly seed: number
  readonly tally: Tally
  readonly strokes: Strokes
}

/** Everything at once, for the time of a round. */
async function chaosRound({ world, transfers, seed, tally, strokes }: Torture, round: number): Promise<void> {
  const signal = AbortSignal.timeout(Number(values['round-seconds']) * 1000)
  const random = (part: number) => createRandom(seed + round * 10 + part)
  const [forSource, forTransfers] = [random(1), random(2)]
  const sources = [...world.sources.values()]
  const reader = createReader(world, random(3), tally)
  await Promise.all([
    wreakChaos(world, { random: random(0), signal, strokes }),
    repeat(
      signal,
      () => 200 + forSource.below(600),
      async () => {
        await sources[forSource.below(sources.length)]?.change()
      },
    ),
    repeat(
      signal,
      () => 500 + forTransfers.below(1_500),
      async () => {
        const account = world.accounts[forTransfers.below(world.accounts.length)]
        const isFull = forTransfers.below(FULL_REFRESH_ONE_IN) === 0
        await transfers.ask(account?.name ?? '', isFull ? 'full-refresh' : 'incremental')
      },
    ),
    repeat(signal, () => 100, reader.readOne),
  ])
}

/** A round of chaos, the time until its backlog was clear, and what a look at everything then shows. */
async function runRound(torture: Torture, round: number): Promise<void> {
  const { world, transfers, tally } = torture
  await chaosRound(torture, round)
  const chaosEndedMs = performance.now()
  const backlogMs = await transfers.settle(BACKLOG_LIMIT_MS)
  const { before, after } = await checkRound(world, transfers, tally, chaosEndedMs)
  await world.workspace.rotateToken()
  const seconds = Math.round(backlogMs / 1000)
  console.log(
    `round ${round}: backlog clear after ${seconds} s; ${summary(torture)}; left for the sweep: ${told(before)}; left behind: ${told(after)}`,
  )
}

function summary({ strokes, transfers, tally }: Torture): string {
  const { rowsChecked, readsWhileRunning, readsThatFailed, lost, doubled, torn, older, executedTwice } = tally
  return [
    told(Object.fromEntries(strokes)),
    `transfers ended ${told(Object.fromEntries(transfers.ended))}`,
    `${rowsChecked} rows checked, lost ${lost.length}, doubled ${doubled.length}`,
    `${readsWhileRunning} reads meanwhile (${readsThatFailed} more failed), partial ${torn.length}, older ${older.length}`,
    `loads executed twice ${executedTwice.length}`,
  ].join('; ')
}

function told(counts: Readonly<Record<string, number>> | LeftBehind): string {
  return Object.entries(counts)
    .map(([name, number]) => `${name} ${number}`)
    .join(', ')
}

/** Most findings of a kind that are told. */
const MAX_TOLD = 10

async function torture(): Promise<boolean> {
  const seed = Number(values.seed)
  console.log(`torture, seed ${seed}`)
  const endMs = performance.now() + Number(values.minutes) * 60_000
  const world = await startWorld({
    seed,
    workers: Number(values.workers),
    destinations: Number(values.destinations),
  })
  const transfers = await openTransfers(world.redis.url)
  const parts: Torture = { world, transfers, seed, tally: newTally(), strokes: new Map() }
  let isWhole = false
  try {
    // So that there is something to read from the first moment of chaos on.
    await transfers.once(
      world.accounts.map(({ name }) => name),
      BACKLOG_LIMIT_MS,
    )
    for (let round = 1; round === 1 || performance.now() < endMs; round++) {
      await runRound(parts, round)
      if (violationsOf(parts.tally).length > 0) break
    }
    for (const [kind, found] of violationsOf(parts.tally))
      console.log(`${kind}: ${found.length}\n  ${found.slice(0, MAX_TOLD).join('\n  ')}`)
    isWhole = violationsOf(parts.tally).length === 0
  } finally {
    if (!isWhole) console.log(`logs of the workers: ${world.workspace.folder}`)
    await transfers.close()
    await world.stop({ keepLogs: !isWhole })
  }
  return isWhole
}

process.exitCode = (await torture()) ? 0 : 1
