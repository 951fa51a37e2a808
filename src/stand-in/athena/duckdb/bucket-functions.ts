import {
  BIGINT,
  BLOB,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBScalarFunction,
  type DuckDBType,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api'
import { bucketHash, longBytes } from '../iceberg/bucket-hash.ts'
import { twosComplement } from '../iceberg/twos-complement.ts'

/** SQL functions that give Iceberg's hash of a value, by what they take: bytes, a whole number, an unscaled decimal's digits. */
export const HASH_FUNCTIONS = {
  bytes: 'iceberg_hash_bytes',
  long: 'iceberg_hash_long',
  decimal: 'iceberg_hash_decimal',
} as const

/** Makes Iceberg's hash known to a DuckDB; NULL has none. */
export function registerBucketFunctions(connection: DuckDBConnection): void {
  register(connection, HASH_FUNCTIONS.bytes, BLOB, value =>
    value instanceof DuckDBBlobValue ? value.bytes : undefined,
  )
  register(connection, HASH_FUNCTIONS.long, BIGINT, value =>
    typeof value === 'bigint' ? longBytes(value) : undefined,
  )
  register(connection, HASH_FUNCTIONS.decimal, VARCHAR, value =>
    typeof value === 'string' ? twosComplement(BigInt(value)) : undefined,
  )
}

function register(
  connection: DuckDBConnection,
  name: string,
  parameterType: DuckDBType,
  bytesOf: (value: unknown) => Uint8Array | undefined,
): void {
  const hash = DuckDBScalarFunction.create({
    name,
    parameterTypes: [parameterType],
    returnType: INTEGER,
    mainFunction: (_, input, output) => {
      const values = input.getColumnVector(0)
      for (let row = 0; row < input.rowCount; row += 1) {
        const bytes = bytesOf(values.getItem(row))
        output.setItem(row, bytes === undefined ? null : bucketHash(bytes))
      }
      output.flush()
    },
  })
  connection.registerScalarFunction(hash)
}
