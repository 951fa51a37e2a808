import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Rate, reserveToken } from '../../../src/domain/rate.ts'

const rates = fc.record({
  perSecond: fc.integer({ min: 1, max: 200 }),
  burst: fc.integer({ min: 1, max: 200 }),
})
const gaps = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 300, size: 'max' })

/** When each call goes out that comes so long after the one before; undefined for one that was sent on without a token. */
function callsOf(rate: Rate, gapsMs: readonly number[], longestMs: number): readonly (number | undefined)[] {
  let [nowMs, fullAtMs] = [1_000, 0]
  return gapsMs.map(gapMs => {
    nowMs += gapMs
    const reserved = reserveToken(fullAtMs, nowMs, rate, longestMs)
    const isReserved = reserved.fullAtMs > Math.max(fullAtMs, nowMs)
    fullAtMs = reserved.fullAtMs
    return isReserved ? nowMs + reserved.waitMs : undefined
  })
}

it('no stretch of time has more calls with a token than its rate and the burst allow', () => {
  fc.assert(
    fc.property(rates, gaps, fc.integer({ min: 0, max: 10_000 }), (rate, gapsMs, longestMs) => {
      const sent = callsOf(rate, gapsMs, longestMs).filter(time => time !== undefined)
      // What a stretch holds beyond its rate, at most: found in one pass, by the fewest calls ahead of the rate so far.
      let [fewestAhead, most] = [Number.POSITIVE_INFINITY, 0]
      for (const [index, timeMs] of sent.entries()) {
        const ahead = index - (timeMs / 1000) * rate.perSecond
        fewestAhead = Math.min(fewestAhead, ahead)
        most = Math.max(most, ahead - fewestAhead + 1)
      }
      expect(most).toBeLessThanOrEqual(rate.burst + 1e-6)
    }),
  )
})

it('calls get their tokens in the order in which they came, none later than the longest wait', () => {
  fc.assert(
    fc.property(rates, gaps, (rate, gapsMs) => {
      const sent = callsOf(rate, gapsMs, 5_000).filter(time => time !== undefined)
      expect(sent).toEqual([...sent].sort((left, right) => left - right))
    }),
  )
})

it('a bucket that was left alone until it is full lets a burst go out at once', () => {
  fc.assert(
    fc.property(rates, gaps, (rate, gapsMs) => {
      let [nowMs, fullAtMs] = [1_000, 0]
      for (const gapMs of gapsMs) {
        nowMs += gapMs
        fullAtMs = reserveToken(fullAtMs, nowMs, rate, 5_000).fullAtMs
      }
      nowMs = Math.max(nowMs, fullAtMs) + 1
      for (let call = 0; call < rate.burst; call++) {
        const reserved = reserveToken(fullAtMs, nowMs, rate, 5_000)
        expect(reserved.waitMs).toBeLessThan(1e-6)
        fullAtMs = reserved.fullAtMs
      }
      expect(reserveToken(fullAtMs, nowMs, rate, 5_000).waitMs).toBeGreaterThan(0)
    }),
  )
})
