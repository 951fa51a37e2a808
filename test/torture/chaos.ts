import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../simulation/random.ts'
import { FAULT_KINDS } from './fault-kinds.ts'
import type { World } from './world.ts'

/** How often each thing was done, by name. */
export type Strokes = Map<string, number>

type Stroke = (chaos: Chaos) => Promise<void>

interface Chaos {
  readonly world: World
  readonly random: Random
  readonly signal: AbortSignal
  /** What goes on beside other strokes, and ends by itself. */
  readonly aside: (work: Promise<void>) => void
}

/** Longer than a lease and a job's lock, which are 30 s, in milliseconds. */
const PAUSE_MS = 35_000

/** What is done, and how likely each is against the others. */
const STROKES: Readonly<Record<string, readonly [weight: number, stroke: Stroke]>> = {
  'kill -9 worker': [6, async ({ world, random }) => signalOne(world, random, 'SIGKILL')],
  'SIGTERM worker': [3, async ({ world, random }) => signalOne(world, random, 'SIGTERM')],
  'SIGSTOP worker past its lease': [1, pauseWorker],
  'kill -9 stand-in': [2, ({ world }) => world.standIn.restart('SIGKILL')],
  'kill -9 redis-server': [2, ({ world }) => world.redis.restart('SIGKILL')],
  'cut TCP to Redis': [3, async ({ world }) => world.lanes.redis.cut()],
  'cut TCP to AWS': [3, async ({ world }) => world.lanes.aws.cut()],
  'slow TCP to Redis': [1, slowed('redis')],
  'slow TCP to AWS': [1, slowed('aws')],
  'fault of AWS': [8, faulty],
}

/** Waits between strokes, in milliseconds. */
const [SHORTEST_WAIT_MS, LONGEST_WAIT_MS] = [300, 3_000]

/**
 * Strikes until the signal aborts, then puts everything right again: no fault, no slow lane, no stopped process. The seed
 * decides what is done and in which order; at which moment of the transfers it hits is the machine's.
 */
export async function wreakChaos(
  world: World,
  {
    random,
    signal,
    strokes,
  }: { readonly random: Random; readonly signal: AbortSignal; readonly strokes: Strokes },
): Promise<void> {
  const beside: Promise<void>[] = []
  const chaos: Chaos = { world, random, signal, aside: work => void beside.push(work) }
  while (!signal.aborted) {
    const [name, stroke] = draw(random)
    await stroke(chaos)
    strokes.set(name, (strokes.get(name) ?? 0) + 1)
    await waitOr(signal, SHORTEST_WAIT_MS + random.below(LONGEST_WAIT_MS - SHORTEST_WAIT_MS))
  }
  await Promise.all(beside)
  await world.standIn.clearFaults()
}

function draw(random: Random): [name: string, stroke: Stroke] {
  const all = Object.entries(STROKES)
  let left = random.below(all.reduce((sum, [, [weight]]) => sum + weight, 0))
  for (const [name, [weight, stroke]] of all) {
    if (left < weight) return [name, stroke]
    left -= weight
  }
  throw new Error('nothing was drawn')
}

function signalOne({ workers }: World, random: Random, signal: 'SIGKILL' | 'SIGTERM'): void {
  workers.signal(random.below(workers.count), signal)
}

/** For the whole time, even if the chaos ends meanwhile. */
async function pauseWorker({ world: { workers }, random, aside }: Chaos): Promise<void> {
  const index = random.below(workers.count)
  workers.signal(index, 'SIGSTOP')
  aside(sleep(PAUSE_MS).then(() => workers.signal(index, 'SIGCONT')))
}

function slowed(lane: 'redis' | 'aws'): Stroke {
  return async ({ world, random, signal, aside }) => {
    world.lanes[lane].slow(20 + random.below(200))
    aside(waitOr(signal, 3_000).then(() => world.lanes[lane].slow(0)))
  }
}

/** One kind of fault for the workers' calls and queries, until it is used up or the next chaos begins. */
async function faulty({ world, random }: Chaos): Promise<void> {
  const name = FAULT_KINDS[random.below(FAULT_KINDS.length)] ?? '*.*.500'
  await world.standIn.setFault({
    name,
    role: world.accounts[0]?.roleName ?? '',
    times: 1 + random.below(6),
    probability: 0.5,
    seed: random.below(1_000),
    delayMs: random.below(3_000),
  })
}

async function waitOr(signal: AbortSignal, waitMs: number): Promise<void> {
  await sleep(waitMs, undefined, { signal }).catch(() => {
    // The signal ends the wait.
  })
}
