import type { StatementOutcome } from './run-statement.ts'

interface KnownDifference {
  readonly reason: string
  readonly source: string
  readonly covers: (sql: string, duckdb: StatementOutcome, trino: StatementOutcome) => boolean
}

/** Where the engines differ for a reason; everything else is a bug of the product or of the DuckDB engine. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason: 'The DuckDB engine names what it does not imitate and refuses it; nothing is changed.',
    source: 'src/stand-in/athena/README.md, What is accepted',
    covers: (_sql, duckdb, trino) =>
      duckdb.reason.includes('start with --engine trino') && !trino.reason.includes('of the stand-in'),
  },
  {
    reason:
      'A DELETE or MERGE that empties files and adds none: DuckDB drops the file and writes nothing, Trino writes a delete file and lists it.',
    source: 'src/stand-in/athena/README.md, How it writes',
    covers: (sql, duckdb, trino) =>
      (sql.startsWith('DELETE') || sql.includes('THEN DELETE')) &&
      duckdb.hasManifest === false &&
      trino.hasManifest === true &&
      duckdb.updateCount === trino.updateCount &&
      duckdb.state === trino.state,
  },
]

/** The reason why two outcomes may differ; undefined when there is none. */
export function explain(sql: string, duckdb: StatementOutcome, trino: StatementOutcome): string | undefined {
  return KNOWN_DIFFERENCES.find(known => known.covers(sql, duckdb, trino))?.reason
}
