import type { AthenaPort } from './athena-port.ts'

/** Rows of a statement as text; null is NULL. */
export interface ResultPage {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Most rows that Athena gives in one page. */
const PAGE_ROWS = 1000

/**
 * The rows of a SELECT that succeeded, page by page. The header row that Athena puts first is left out.
 * Memory: one page.
 */
export async function* readResults(
  athena: AthenaPort,
  queryExecutionId: string,
  options: { readonly signal: AbortSignal; readonly hasHeader: boolean },
): AsyncGenerator<ResultPage> {
  let nextToken: string | undefined
  let skip = options.hasHeader ? 1 : 0
  do {
    const page = await athena.getQueryResults(
      {
        QueryExecutionId: queryExecutionId,
        MaxResults: PAGE_ROWS,
        ...(nextToken ? { NextToken: nextToken } : {}),
      },
      { abortSignal: options.signal },
    )
    const rows = (page.ResultSet?.Rows ?? []).slice(skip)
    skip = 0
    yield {
      columns: (page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? []).map(column => ({
        name: column.Name ?? '',
        type: column.Type ?? '',
      })),
      rows: rows.map(row => (row.Data ?? []).map(value => value.VarCharValue ?? null)),
    }
    nextToken = page.NextToken
  } while (nextToken)
}

/** Rows that a MERGE changed, as Athena counts them. */
export async function readUpdateCount(athena: AthenaPort, queryExecutionId: string): Promise<number> {
  const page = await athena.getQueryResults({ QueryExecutionId: queryExecutionId, MaxResults: 1 })
  return page.UpdateCount ?? 0
}
