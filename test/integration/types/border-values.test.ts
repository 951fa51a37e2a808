import { afterAll, beforeAll, expect, it } from 'vitest'
import { startStandIn, type TestStandIn } from '../../support/stand-in.ts'
import { BORDER_VALUES } from '../../types/border-values.ts'
import { refusals } from '../../types/refusals.ts'
import { REFUSED_VALUES } from '../../types/refused-values.ts'
import { type Check, roundTrip } from '../../types/round-trip.ts'
import { wholeTables } from '../../types/source-tables.ts'

let standIn: TestStandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

function differences(checks: readonly Check[]): readonly Check[] {
  return checks.filter(({ expected, actual }) => expected !== actual)
}

it('every type keeps the values at its borders, from NDJSON, CSV and Parquet to Athena and PyIceberg', {
  timeout: 300_000,
}, async () => {
  const checks = await roundTrip(standIn, wholeTables(BORDER_VALUES))

  expect(checks.length).toBeGreaterThan(400)
  expect(differences(checks)).toEqual([])
})

it('what no type can hold is refused with its line, column, the path inside of the value and why', async () => {
  const checks = await refusals(standIn, REFUSED_VALUES)

  expect(checks.length).toBeGreaterThan(30)
  expect(differences(checks)).toEqual([])
})
