import type { Random } from './random.ts'

/** A process that effects belong to; once killed, none of its effects ever goes on. */
export interface Process {
  readonly name: string
  /** False for AWS itself. */
  readonly isMortal: boolean
  isAlive: boolean
}

/** What the scheduler did, for the report. */
export interface Tally {
  steps: number
  kills: number
  lostReplies: number
  refusals: number
  expiredLeases: number
  redeliveries: number
  lostStores: number
}

/** Puts effects of several processes in an order of its own choice, and breaks them where it likes. */
export interface Scheduler {
  readonly tally: Tally
  /**
   * Performs `apply` at a moment of the scheduler's choice, all of it or nothing. It may be refused before (`refuse`),
   * or its reply lost after it happened.
   */
  effect<Result>(process: Process, name: string, apply: () => Result): Promise<Result>
  /** Waits for a moment of the scheduler's choice, a late one rather than an early one when it is for seconds. */
  pause(process: Process, ms?: number): Promise<void>
  kill(process: Process): void
  /** One step: true when there was something to do. */
  step(): Promise<boolean>
}

/** How many breaks are left: kills, lost replies, refusals and whatever else the run wants to break. */
export interface Faults {
  left: number
}

/** Errors as the product's ports throw them, made by the run so that this file knows nothing of the product. */
export type LostReply = (name: string) => Error

/** The names of effects in the order in which they happened, for whoever reads a failing run. */
export type Trace = string[]

/** Waits from which on others usually go first, in milliseconds. */
const LONG_MS = 5_000

/** A scheduler over one run's numbers. */
export function createScheduler(options: {
  readonly random: Random
  readonly faults: Faults
  readonly lostReply: LostReply
  readonly trace: Trace
  /** Called after each step, to check what must always hold. */
  readonly onKill: (process: Process) => void
}): Scheduler {
  const { random, faults, trace } = options
  const waiting: { readonly process: Process; readonly isLong: boolean; readonly goOn: () => void }[] = []
  const tally: Tally = {
    steps: 0,
    kills: 0,
    lostReplies: 0,
    refusals: 0,
    expiredLeases: 0,
    redeliveries: 0,
    lostStores: 0,
  }
  const turn = (process: Process, ms = 0): Promise<void> =>
    new Promise(goOn => {
      if (process.isAlive) waiting.push({ process, isLong: ms >= LONG_MS, goOn })
    })
  const breaks = (probability: number): boolean => {
    if (faults.left === 0 || !random.chance(probability)) return false
    faults.left -= 1
    return true
  }
  const kill = (process: Process): void => {
    process.isAlive = false
    for (let index = waiting.length - 1; index >= 0; index--)
      if (waiting[index]?.process === process) waiting.splice(index, 1)
    trace.push(`${process.name} is killed`)
    options.onKill(process)
  }
  return {
    tally,
    kill,
    pause: turn,
    async effect(process, name, apply) {
      await turn(process)
      if (breaks(0.01)) {
        tally.refusals++
        trace.push(`${process.name}: ${name} is refused`)
        throw options.lostReply(name)
      }
      trace.push(`${process.name}: ${name}`)
      const result = apply()
      await turn(process)
      if (breaks(0.02)) {
        tally.lostReplies++
        trace.push(`${process.name}: the reply to ${name} is lost`)
        throw options.lostReply(name)
      }
      return result
    },
    async step() {
      // Whatever the last step set off runs until everybody waits again: all of it is microtasks, and a tick comes after them.
      await new Promise(resolve => process.nextTick(resolve))
      let index = random.below(waiting.length)
      if (waiting[index]?.isLong && random.chance(0.9)) index = random.below(waiting.length)
      const [chosen] = waiting.splice(index, 1)
      if (!chosen) return false
      tally.steps++
      if (chosen.process.isMortal && breaks(0.01)) {
        tally.kills++
        kill(chosen.process)
      } else chosen.goOn()
      return true
    },
  }
}
