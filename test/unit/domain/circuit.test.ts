import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type Admission,
  admit,
  afterTransfer,
  type Circuit,
  LONGEST_PAUSE_MS,
  type Verdict,
  verdictOf,
} from '../../../src/domain/circuit.ts'
import { TransferError } from '../../../src/domain/errors.ts'

const REASON = { code: 'ACCESS_DENIED', message: 'no glue:CreateTable', hint: 'Attach the policy.' } as const
const FAILS: Verdict = { kind: 'fails', reason: REASON }
const OPTIONS = { pauseAfter: 3, pauseMs: 60_000 }

type Happening =
  | { readonly kind: 'asks'; readonly transfer: number }
  | { readonly kind: 'ends'; readonly transfer: number; readonly verdict: Verdict | undefined }
  | { readonly kind: 'time'; readonly ms: number }
  /** Time goes on until just before the end of the pause. */
  | { readonly kind: 'edge'; readonly beforeMs: number }

const transfer = fc.integer({ min: 0, max: 5 })
const happenings = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('asks' as const), transfer }),
    fc.record({
      kind: fc.constant('ends' as const),
      transfer,
      verdict: fc.constantFrom(FAILS, FAILS, FAILS, { kind: 'works' } as const, undefined),
    }),
    fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 0, max: 900_000 }) }),
    fc.record({ kind: fc.constant('edge' as const), beforeMs: fc.constantFrom(0, 1, 500) }),
  ),
  { minLength: 40, maxLength: 120, size: 'max' },
)

/** Plays what happens and calls back after each step. Ids are never used again: transfer 1 after its end is another one. */
function play(
  steps: readonly Happening[],
  look: (now: {
    readonly before: Circuit | undefined
    readonly circuit: Circuit | undefined
    readonly step: Happening
    readonly admission: Admission | undefined
    readonly transferId: string
    readonly nowMs: number
  }) => void,
): void {
  let [circuit, nowMs]: [Circuit | undefined, number] = [undefined, 0]
  const generations = [0, 0, 0, 0, 0, 0]
  for (const step of steps) {
    const before = circuit
    const number = 'transfer' in step ? step.transfer : 0
    const transferId = `${number}.${generations[number]}`
    let admission: Admission | undefined
    if (step.kind === 'time') nowMs += step.ms
    if (step.kind === 'edge') nowMs = Math.max(nowMs, (circuit?.pausedUntilMs ?? 0) - step.beforeMs)
    if (step.kind === 'asks') {
      admission = admit(circuit, transferId, nowMs)
      if (admission.admitted) circuit = admission.circuit
    }
    if (step.kind === 'ends') {
      circuit = afterTransfer(circuit, transferId, step.verdict, { ...OPTIONS, nowMs })
      generations[number] = (generations[number] ?? 0) + 1
    }
    look({ before, circuit, step, admission, transferId, nowMs })
  }
}

it('a destination is paused after so many failures in a row, never before, and a success ends it', () => {
  fc.assert(
    fc.property(happenings, steps => {
      let inARow = 0
      play(steps, ({ step, circuit }) => {
        if (step.kind === 'ends' && step.verdict) inARow = step.verdict.kind === 'fails' ? inARow + 1 : 0
        expect(circuit?.failures ?? 0).toBe(inARow)
        expect(circuit?.pausedUntilMs !== undefined).toBe(inARow >= OPTIONS.pauseAfter)
      })
    }),
  )
})

it('no transfer starts during a pause, and after it one at a time, until it told how it ended', () => {
  fc.assert(
    fc.property(happenings, steps => {
      let probing: { readonly transferId: string; readonly sinceMs: number } | undefined
      play(steps, ({ before, step, admission, transferId, nowMs }) => {
        if (step.kind === 'ends' && (step.verdict || probing?.transferId === transferId)) probing = undefined
        if (!admission || before?.pausedUntilMs === undefined) return
        if (nowMs < before.pausedUntilMs) expect(admission.admitted).toBe(false)
        if (!admission.admitted) return
        if (probing && probing.transferId !== transferId)
          expect(nowMs - probing.sinceMs).toBeGreaterThanOrEqual(600_000)
        probing = { transferId, sinceMs: nowMs }
      })
    }),
  )
})

it('whoever is refused may start at the time that it was told, unless somebody else does first', () => {
  fc.assert(
    fc.property(happenings, steps => {
      play(steps, ({ circuit, admission, transferId }) => {
        if (admission?.admitted === false)
          expect(admit(circuit, transferId, admission.retryAtMs).admitted).toBe(true)
      })
    }),
  )
})

it('a pause grows with each probe that fails, and has its bounds', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 86_400_000 }),
      fc.integer({ min: 1, max: 60 }),
      (pauseMs, count) => {
        let circuit: Circuit | undefined
        let longest = 0
        for (let index = 0; index < count; index++) {
          circuit = afterTransfer(circuit, `t${index}`, FAILS, { pauseAfter: 1, pauseMs, nowMs: 0 })
          const lasts = circuit?.pausedUntilMs ?? 0
          expect(lasts).toBeGreaterThanOrEqual(Math.max(longest, pauseMs))
          expect(lasts).toBeLessThanOrEqual(Math.max(pauseMs, LONGEST_PAUSE_MS))
          longest = lasts
        }
      },
    ),
  )
})

it('the end of a transfer counts once, however often it is told', () => {
  const once = afterTransfer(undefined, 't1', FAILS, { ...OPTIONS, nowMs: 0 })

  expect(afterTransfer(once, 't1', FAILS, { ...OPTIONS, nowMs: 5 })).toEqual(once)
})

it.each([
  ['a model was loaded', ['SUCCESS', 'ACCESS_DENIED'], 'works'],
  ['none was, and one failure is the customer’s', ['CONFIG_INVALID', 'ROLE_NOT_ASSUMABLE'], 'fails'],
  ['all failures are the operator’s', ['ROW_INVALID', 'AWS_UNAVAILABLE'], undefined],
  ['it was cancelled', ['CANCELLED'], undefined],
  ['there was nothing to do', [], undefined],
] as const)('when %s, that is what a transfer says of its destination', (_, models, kind) => {
  const results = models.map(code =>
    code === 'SUCCESS'
      ? { status: 'SUCCESS' as const }
      : { status: 'ERROR' as const, error: new TransferError(code, 'why').toReport() },
  )

  expect(verdictOf(results)?.kind).toBe(kind)
})
