import type { FaultSubject, Faults, Strike } from '../services.ts'
import type { Fault } from './fault.ts'

/** A fault and what it has done so far. */
export type CountedFault = Fault & {
  readonly id: string
  /** How many calls or queries it was meant for, struck or not. */
  readonly matched: number
  readonly struck: number
}

/** All faults, for those who switch them. */
export interface FaultRegistry extends Faults {
  set(fault: Fault): void
  /** In the order in which they were switched on; those that will not strike again are kept, for their counts. */
  list(): readonly CountedFault[]
  remove(id: string): void
  clear(): void
}

interface Switch {
  readonly fault: Fault
  readonly pattern: RegExp
  readonly draw: () => number
  matched: number
  struck: number
}

/** All faults are off at first; they are kept in memory alone. */
export function createFaults(): FaultRegistry {
  const switches = new Map<string, Switch>()
  return {
    strike(name, subject) {
      const matching = [...switches.values()].filter(one => isMeant(one, name, subject))
      return matching.map(one => strikeOnce(one)).find(strike => strike !== undefined)
    },
    set(fault) {
      const id = fault.id ?? fault.name
      switches.delete(id)
      const pattern = new RegExp(fault.match ?? '')
      switches.set(id, { fault, pattern, draw: drawFrom(fault.seed), matched: 0, struck: 0 })
    },
    list: () => [...switches].map(([id, { fault, matched, struck }]) => ({ ...fault, id, matched, struck })),
    remove: id => void switches.delete(id),
    clear: () => switches.clear(),
  }
}

function isMeant({ fault, pattern }: Switch, name: string, subject: FaultSubject): boolean {
  const wanted = fault.name.split('.')
  const fits = name
    .split('.')
    .every((part, index) => wanted[index] === part || isWildcard(wanted[index], part))
  if (!fits || !pattern.test(subject.text)) return false
  if (fault.accountId !== undefined && fault.accountId !== subject.accountId) return false
  return fault.role === undefined || fault.role === subject.role
}

/** A query's life is no action, so `athena.*` does not mean it. */
function isWildcard(wanted: string | undefined, part: string): boolean {
  return wanted === '*' && part !== 'query'
}

function strikeOnce(one: Switch): Strike | undefined {
  const { fault } = one
  one.matched += 1
  if (one.matched <= fault.after || one.struck >= fault.times) return undefined
  if (one.draw() >= fault.probability) return undefined
  one.struck += 1
  return fault
}

/** Numbers in [0, 1) that a seed determines (mulberry32). */
function drawFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
