import { createRandom, type Random } from '../simulation/random.ts'

/** How often destinations are asked for, in minutes, and how many of 1,000 are. */
export const FREQUENCIES = [
  { everyMinutes: 5, perMille: 1 },
  { everyMinutes: 15, perMille: 4 },
  { everyMinutes: 60, perMille: 20 },
  { everyMinutes: 360, perMille: 200 },
  { everyMinutes: 1440, perMille: 775 },
] as const

/** Classes of size: from so many models on. */
export const SIZES = [1, 3, 10, 40] as const

/** Ended transfers that are kept: the product's default. */
export const KEPT_TRANSFERS = 10_000

/** What may run at once: the product's defaults. */
export const LIMITS = { transfers: 1, destination: 8, workgroup: 20 } as const

const DAY_MINUTES = 1440

/** What happens to a destination's models: `denied` fails by the customer's fault each time, `partly` does with its first model. */
export type Nature = 'healthy' | 'slow' | 'partly' | 'denied'

/** A destination of the day. */
export interface DayDestination {
  readonly name: string
  readonly everyMinutes: number
  /** Minute of the day at which it is asked for first. */
  readonly firstMinute: number
  readonly models: readonly string[]
  readonly nature: Nature
  /** One in ten shares a workgroup with 19 others. */
  readonly workgroup: string
}

/** The same destinations for the same seed, by their names. */
export function destinationsOf(seed: number, count: number): ReadonlyMap<string, DayDestination> {
  const random = createRandom(seed)
  const all = Array.from({ length: count }, (_, index) => destinationOf(random, index))
  return new Map(all.map(one => [one.name, one]))
}

function destinationOf(random: Random, index: number): DayDestination {
  const everyMinutes = frequencyOf(random)
  const size = modelCountOf(random, everyMinutes)
  return {
    name: `d${index}`,
    everyMinutes,
    firstMinute: firstMinuteOf(random, everyMinutes),
    models: Array.from({ length: size }, (_, model) => `m${model}`),
    nature: natureOf(random, everyMinutes),
    workgroup: index % 10 === 0 ? `shared-${Math.floor(index / 200)}` : `own-${index}`,
  }
}

function frequencyOf(random: Random): number {
  let left = random.below(1000)
  for (const { everyMinutes, perMille } of FREQUENCIES) {
    if (left < perMille) return everyMinutes
    left -= perMille
  }
  return DAY_MINUTES
}

/** Mostly few; those that come oftenest have at most six, so that they can be done before they are due again. */
function modelCountOf(random: Random, everyMinutes: number): number {
  const drawn = random.next()
  if (drawn < 0.8) return 1 + random.below(2)
  if (drawn < 0.97 || everyMinutes < 60) return 3 + random.below(4)
  return drawn < 0.995 ? 10 + random.below(11) : 40 + random.below(21)
}

/** Half of them at the full hour, and of the daily ones a third of these at two o'clock. */
function firstMinuteOf(random: Random, everyMinutes: number): number {
  if (random.chance(0.5)) return random.below(everyMinutes)
  if (everyMinutes === DAY_MINUTES && random.chance(1 / 3)) return 120
  return 60 * random.below(Math.ceil(everyMinutes / 60))
}

function natureOf(random: Random, everyMinutes: number): Nature {
  // So that pauses are met: some of those that are asked for more often than daily.
  if (everyMinutes < DAY_MINUTES && random.chance(0.03)) return 'denied'
  const drawn = random.next()
  return drawn < 0.02 ? 'slow' : drawn < 0.025 ? 'partly' : 'healthy'
}

/** A transfer that is due. */
export interface Due {
  readonly minute: number
  readonly destination: DayDestination
}

/** All that is due in a day, in order. */
export function dueOf(destinations: Iterable<DayDestination>): readonly Due[] {
  const due: Due[] = []
  for (const destination of destinations)
    for (let minute = destination.firstMinute; minute < DAY_MINUTES; minute += destination.everyMinutes)
      due.push({ minute, destination })
  return due.sort((left, right) => left.minute - right.minute)
}

/** What one model of one transfer does, however often it is asked. */
export interface Script {
  readonly durationMs: number
  /** Attempts that AWS throttles before one goes through. */
  readonly throttled: number
  readonly isDenied: boolean
}

/** Median of a model's time, of a slow one's, and bounds of both, in milliseconds. */
const DURATION_MS = { median: 15_000, slowMedian: 150_000, shortest: 2_000, longest: 1_800_000 } as const

/** The script of a model: times are log-normal, and one model in 50 is throttled once or twice. */
export function scriptOf(destination: DayDestination, transferId: string, model: string): Script {
  const random = createRandom(hashOf(`${transferId} ${model}`))
  const { median, slowMedian, shortest, longest } = DURATION_MS
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  const drawnMs = (destination.nature === 'slow' ? slowMedian : median) * Math.exp(0.8 * normal)
  const isDenied = destination.nature === 'denied' || (destination.nature === 'partly' && model === 'm0')
  return {
    durationMs: isDenied ? shortest : Math.min(Math.max(drawnMs, shortest), longest),
    throttled: !isDenied && random.chance(0.02) ? 1 + random.below(2) : 0,
    isDenied,
  }
}

/** FNV-1a, of 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return hash >>> 0
}
