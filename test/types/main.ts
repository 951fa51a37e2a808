/**
 * Every type with the values at its borders, through the product's straight line from NDJSON, CSV and Parquet and by
 * NDJSON's quick readers, read back through Athena's API and with PyIceberg; then what each type refuses.
 *
 * `--engine trino` runs the statements in real Trino.
 */
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { startStandIn } from '../support/stand-in.ts'
import { BORDER_VALUES, largeValues } from './border-values.ts'
import { refusals } from './refusals.ts'
import { REFUSED_VALUES } from './refused-values.ts'
import { type Check, roundTrip } from './round-trip.ts'
import { tablesApart, wholeTables } from './source-tables.ts'

const { values } = parseArgs({ options: { engine: { type: 'string', default: 'duckdb' } } })

const standIn = await startStandIn(values.engine === 'trino' ? 'trino' : 'duckdb')
try {
  const tables = [...wholeTables(BORDER_VALUES), ...tablesApart(BORDER_VALUES)]
  const checks = [
    ...(await roundTrip(standIn, tables)),
    ...(await roundTrip(standIn, wholeTables(largeValues()))),
    ...(await refusals(standIn, REFUSED_VALUES)),
  ]
  print(checks)
  const different = checks.filter(check => !isEqual(check))
  console.log(
    `${checks.length - different.length} equal, ${different.length} different, engine ${values.engine}`,
  )
  process.exitCode = different.length === 0 && checks.length > 0 ? 0 : 1
} finally {
  await standIn.stop()
}

function isEqual({ expected, actual }: Check): boolean {
  return expected === actual
}

/** One line for each value, however many ways it went. */
function print(checks: readonly Check[]): void {
  const table = new Table({ head: ['type', 'value', 'result'], style: { head: [], border: [] } })
  for (const own of Map.groupBy(checks, ({ type, value }) => JSON.stringify([type, value])).values()) {
    const [{ type = '', value = '' } = {}] = own
    const different = own.filter(check => !isEqual(check))
    const told = different.map(
      ({ way, expected, actual }) => `${way}: ${shown(actual)} for ${shown(expected)}`,
    )
    const ways = own.map(check => check.way).join(', ')
    table.push([shortened(type), shortened(value), told.length === 0 ? `equal: ${ways}` : told.join('\n')])
  }
  console.log(table.toString())
}

function shown(text: string | null | undefined): string {
  return text === undefined ? 'nothing' : shortened(JSON.stringify(text))
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
