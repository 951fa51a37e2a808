import { newTransferId } from '../../src/domain/transfer-id.ts'
import type { StraightLine } from '../support/straight-line.ts'
import { type Attempt, type End, newAttempt } from './attempt.ts'
import type { Mode } from './modes.ts'

/** Who goes on after an attempt ended: its job, tried again, or the next transfer with newer rows. */
export const SUCCESSORS = ['the same transfer', 'the next transfer'] as const

/** One of them. */
export type Successor = (typeof SUCCESSORS)[number]

/** One way for an attempt to end, and who goes on. */
export interface Case {
  /** Index of the call at which it ends, and that call's name. */
  readonly call: number
  readonly name: string
  readonly end: End
  readonly successor: Successor
}

/** A table of one mode, crashed into again and again; each case goes on from what the one before left. */
export interface CrashTable {
  /** Calls of a load that nothing happens to. */
  callsOfLoad(): Promise<readonly string[]>
  /** Plays a case, and tells what is not as promised, in sentences; none when all is well. */
  play(one: Case): Promise<readonly string[]>
}

/** Makes the table and loads its first version. */
export async function makeTable(world: StraightLine, mode: Mode, name: string): Promise<CrashTable> {
  const model = mode.modelOf(name)
  let version = 0
  const nextVersion = (): Promise<void> => world.writeSource(model, mode.linesOf(++version))
  const load = (attempt = newAttempt(), transferId = newTransferId()) =>
    attempt.run(killed => world.transfer(model, { transferId, signal: limited(killed) }))
  const read = async (): Promise<string> => {
    const rows = await world.customer.sql(`SELECT id, value FROM "${world.schema}"."${model.tableName}"`)
    return rows
      .map(([id, value]) => `${id} ${value}`)
      .toSorted()
      .join(', ')
  }
  const holds = (one: number): string => mode.tableOf(one).join(', ')
  const leftOf = async (transferIds: readonly string[]): Promise<readonly string[]> =>
    (await world.leftovers()).filter(name => transferIds.some(id => name.includes(id)))
  await nextVersion()
  await load()
  return {
    async callsOfLoad() {
      await nextVersion()
      const attempt = newAttempt()
      await load(attempt)
      return attempt.calls
    },
    async play(one) {
      await nextVersion()
      const [attempt, transferId, problems] = [newAttempt(one), newTransferId(), [] as string[]]
      const attempted = load(attempt, transferId).catch(() => undefined)
      await (one.end === 'asleep before' ? Promise.race([attempt.asleep, attempted]) : attempted)
      if (attempt.calls[one.call] !== one.name)
        problems.push(`call ${one.call} is ${attempt.calls[one.call]}`)
      const between = mode.isOneStep ? await read() : holds(version)
      if (between !== holds(version) && between !== holds(version - 1))
        problems.push(`between, the table holds ${between}`)
      const nextId = one.successor === 'the same transfer' ? transferId : newTransferId()
      if (nextId !== transferId) await nextVersion()
      const { status } = await load(newAttempt(), nextId)
      if (status !== 'SUCCESS') problems.push(`who went on ended ${status}`)
      const after = await read()
      if (after !== holds(version)) problems.push(`the table holds ${after}, expected ${holds(version)}`)
      if (one.end === 'asleep before') {
        attempt.wake()
        await attempted
        const last = await read()
        if (last !== after) problems.push(`once awake it made the table hold ${last}`)
      }
      const left = await leftOf([transferId, nextId])
      if (left.length > 0 && !mayLeave(one, attempt)) problems.push(`left behind: ${left.join(', ')}`)
      return problems
    },
  }
}

/**
 * What the sweep is for: files staged before the journal had them, what a staged load had when it was given up for newer
 * rows, and what an attempt made that woke up after the end. Once a statement may have been submitted, nothing stays.
 */
function mayLeave({ end, successor }: Case, attempt: Attempt): boolean {
  const state = attempt.journalState()
  if (state === undefined || state === 'planned') return true
  return state === 'staged' && (successor === 'the next transfer' || end === 'asleep before')
}

/** Longest time of one attempt, in milliseconds. */
const ATTEMPT_LIMIT_MS = 300_000

function limited(killed: AbortSignal): AbortSignal {
  return AbortSignal.any([killed, AbortSignal.timeout(ATTEMPT_LIMIT_MS)])
}
