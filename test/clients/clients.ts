/** A client that nobody here wrote, and the script that uses it. */
export interface Client {
  readonly name: string
  /** The script's name below `python/`. */
  readonly script: string
  /** The file of pinned packages; clients whose pins exclude each other have files of their own. */
  readonly requirements: string
  /** How many operations the script declares: one that tells fewer has died. */
  readonly operationCount: number
  /** Set when the product is to transfer this file before the script runs. */
  readonly afterTransferOf?: string
}

const COMMON = 'requirements.txt'

/** The clients in the order they run: readers first, then those that write into the product's table. */
export const CLIENTS: readonly Client[] = [
  {
    name: 'PyAthena + SQLAlchemy',
    script: 'pyathena_sqlalchemy.py',
    requirements: COMMON,
    operationCount: 3,
  },
  { name: 'PyAthena + pandas', script: 'pyathena_pandas.py', requirements: COMMON, operationCount: 2 },
  { name: 'DuckDB', script: 'parquet.py', requirements: COMMON, operationCount: 2 },
  { name: 'PyAthena', script: 'pyathena_plain.py', requirements: COMMON, operationCount: 16 },
  { name: 'PyIceberg', script: 'iceberg.py', requirements: COMMON, operationCount: 4 },
  { name: 'awswrangler', script: 'wrangler.py', requirements: COMMON, operationCount: 9 },
  { name: 'AWS CLI', script: 'awscli.py', requirements: COMMON, operationCount: 5 },
  { name: 'dlt', script: 'dlt_athena.py', requirements: 'requirements-dlt.txt', operationCount: 5 },
  {
    name: 'after a transfer',
    script: 'after.py',
    requirements: COMMON,
    operationCount: 6,
    afterTransferOf: 'rows-later.ndjson',
  },
]
