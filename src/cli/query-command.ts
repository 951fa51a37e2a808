import { destinationNamed } from '../config/load-config.ts'
import { resultsLocation } from '../domain/locations.ts'
import { newTransferId } from '../domain/transfer-id.ts'
import { readResults } from '../query/read-results.ts'
import { runStatement } from '../query/run-statement.ts'
import { type Context, composed } from './context.ts'
import { table } from './output.ts'

/** Most rows that are shown. */
const MAX_ROWS = 1000

/** Runs one SELECT in a destination's workgroup, under its role, and prints the first 1,000 rows. */
export async function queryCommand(context: Context, destinationName: string, sql: string): Promise<number> {
  const { settings, config, composition } = await composed(context)
  const destination = destinationNamed(config, destinationName)
  const clients = await composition.connect(destination)
  try {
    const { name, region, workgroup, bucket, schema } = destination
    const outcome = await runStatement(
      clients.athena,
      { transferId: newTransferId(), model: '', step: 'query', sql },
      {
        ...{ name, region, workgroup, bucket, schema, accountId: clients.accountId },
        outputLocation: resultsLocation(destination),
        timeoutMs: settings.queryTimeoutMs,
        signal: context.signal,
      },
    )
    const columns: string[] = []
    const rows: (readonly (string | null)[])[] = []
    const options = { signal: context.signal, hasHeader: /^\s*(select|with|values)\b/i.test(sql) }
    for await (const page of readResults(clients.athena, outcome.queryExecutionId, options)) {
      if (columns.length === 0) columns.push(...page.columns.map(column => column.name))
      rows.push(...page.rows)
      if (rows.length >= MAX_ROWS) break
    }
    const shown = rows.slice(0, MAX_ROWS)
    context.output.result({ ...outcome, columns, rows: shown }, () =>
      table(
        columns,
        shown.map(row => row.map(value => value ?? 'NULL')),
      ),
    )
    return 0
  } finally {
    clients.close()
  }
}
