import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  claim,
  cleaned,
  groupEnded,
  type JournalEntry,
  loading,
  replanned,
  staged,
  stepDone,
  submitted,
} from '../../../src/domain/journal.ts'

interface Load {
  readonly id: string
  readonly steps: readonly string[]
}
type Entry = JournalEntry<Load, string>

const done = { queryExecutionId: 'q', changedRowCount: 1, scannedBytes: 2 }

function planned(transferId: string, attempt = 'a0'): Entry {
  const claimed = claim<Load, string>(undefined, { transferId, attempt, leaseLeftMs: 0, nowMs: 1 })
  if (claimed.kind !== 'taken') throw new Error('a table without a journal is free')
  return claimed.entry
}

const load: Load = { id: 'l', steps: ['one', 'two'] }
const submittedLoad = (): Entry => submitted(loading(staged(planned('t1'), load)), 'q-1')

it('goes from planned to cleaned, statement by statement, and counts every move', () => {
  let entry = submittedLoad()
  entry = stepDone(entry, done)
  expect(entry.position).toMatchObject({ state: 'loading', step: 1, group: 1 })
  expect(entry.position).not.toHaveProperty('queryExecutionId')
  entry = cleaned(stepDone(submitted(entry, 'q-2'), done), 'did')
  expect(entry).toMatchObject({ revision: 7, position: { state: 'cleaned', outcome: 'did' } })
})

it('has nothing to submit for a load without statements', () => {
  expect(staged(planned('t1'), { id: 'l', steps: [] }).position.state).toBe('loaded')
})

it('refuses every move that is out of turn', () => {
  const entry = planned('t1')
  for (const move of [loading, groupEnded]) expect(() => move(entry)).toThrow('expected')
  expect(() => submitted(staged(entry, load), 'q')).toThrow('expected loading, found staged')
  expect(() => stepDone(staged(entry, load), done)).toThrow('expected')
  expect(() => replanned(entry, load)).toThrow('expected')
  expect(() => cleaned(entry, 'did')).toThrow('expected loaded, found planned')
})

it('never stages again what was staged: a later attempt of the transfer goes on with that very set', () => {
  const entry = staged(planned('t1'), load)
  const claimed = claim(entry, { transferId: 't1', attempt: 'a1', leaseLeftMs: 30_000, nowMs: 1 })
  expect(claimed).toMatchObject({
    kind: 'taken',
    entry: { attempt: 'a1', epoch: 2, position: { state: 'staged', load } },
  })
})

it('gives up what another transfer had only staged, once its lease is over', () => {
  const claimed = claim(staged(planned('t1'), load), {
    transferId: 't2',
    attempt: 'a1',
    leaseLeftMs: 0,
    nowMs: 1,
  })
  expect(claimed).toMatchObject({
    kind: 'taken',
    entry: { transferId: 't2', position: { state: 'planned' } },
  })
})

it('keeps what another transfer may have submitted, to be settled first', () => {
  const claimed = claim(submittedLoad(), { transferId: 't2', attempt: 'a1', leaseLeftMs: 0, nowMs: 1 })
  expect(claimed).toMatchObject({
    kind: 'taken',
    entry: { transferId: 't1', attempt: 'a1', position: { state: 'loading', queryExecutionId: 'q-1' } },
  })
})

it('waits for another transfer that is alive', () => {
  expect(claim(submittedLoad(), { transferId: 't2', attempt: 'a1', leaseLeftMs: 9, nowMs: 1 })).toEqual({
    kind: 'busy',
    transferId: 't1',
    retryAfterMs: 9,
  })
})

it('tells an attempt that comes too late what its transfer did', () => {
  const loaded = staged(planned('t1'), { id: 'l', steps: [] })
  const entry = cleaned(loaded, 'did')
  expect(claim(entry, { transferId: 't1', attempt: 'a1', leaseLeftMs: 0, nowMs: 1 })).toEqual({
    kind: 'done',
    outcome: 'did',
  })
})

/** Moves of any kind, each with the table taken over now and then. */
const moves = fc.array(
  fc.oneof(
    fc.constantFrom('stage', 'load', 'submit', 'done', 'ended', 'replan', 'close', 'give up'),
    fc.record({ transferId: fc.constantFrom('t1', 't2'), leaseLeftMs: fc.constantFrom(0, 5) }),
  ),
  { maxLength: 60 },
)

it('opens no group twice, and never another one before the last has ended, whatever the moves', () => {
  fc.assert(
    fc.property(moves, sequence => {
      let entry = planned('t1')
      let attempt = 0
      const opened = new Set<string>()
      const ended = new Set<string>()
      const groupOf = ({ epoch, position }: Entry): string | undefined =>
        position.state === 'loading' ? `${position.load.id} ${position.group} ${epoch > 0}` : undefined
      for (const move of sequence) {
        const before = entry
        const next = typeof move === 'string' ? moved(entry, move) : taken(entry, move, `a${++attempt}`)
        if (!next) continue
        entry = next
        expect(entry.revision).toBeGreaterThan(before.revision)
        expect(entry.epoch).toBeGreaterThanOrEqual(before.epoch)
        const [old, now] = [groupOf(before), groupOf(entry)]
        if (old === now) continue
        if (old !== undefined) ended.add(old)
        if (now === undefined) continue
        expect(opened.has(now)).toBe(false)
        for (const other of opened) expect(ended.has(other)).toBe(true)
        opened.add(now)
      }
    }),
  )
})

let loads = 0

function moved(entry: Entry, move: string): Entry | undefined {
  const { state } = entry.position
  if (move === 'stage') {
    if (state !== 'planned') return undefined
    return staged(entry, { id: `l${++loads}`, steps: ['one', 'two'] })
  }
  if (move === 'load') return state === 'staged' ? loading(entry) : undefined
  if (move === 'give up')
    return state === 'planned' || state === 'staged' ? cleaned(entry, undefined) : undefined
  if (move === 'close') return state === 'loaded' ? cleaned(entry, 'did') : undefined
  if (state !== 'loading') return undefined
  if (move === 'submit') return submitted(entry, 'q')
  if (move === 'done') return stepDone(entry, done)
  if (move === 'ended') return groupEnded(entry)
  return replanned(entry, { ...entry.position.load })
}

function taken(
  entry: Entry,
  claimant: { readonly transferId: string; readonly leaseLeftMs: number },
  attempt: string,
): Entry | undefined {
  const claimed = claim(entry, { ...claimant, attempt, nowMs: 1 })
  return claimed.kind === 'taken' ? claimed.entry : undefined
}
