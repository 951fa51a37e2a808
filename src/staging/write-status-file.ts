import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { literal } from './encode-sql.ts'
import type { StagingS3 } from './s3-port.ts'
import { uploadFile } from './upload.ts'

/** Where the file goes. */
export interface StatusFile {
  readonly s3: StagingS3
  readonly bucket: string
  /** Write-once: never a key that was used before. */
  readonly key: string
  readonly workDir: string
  readonly signal: AbortSignal
}

/**
 * Writes the small Parquet file behind `_transfer_status`: model names and times, milliseconds as Hive tables keep them.
 * A few rows only, so it is made in this process.
 */
export async function writeStatusFile(
  rows: Readonly<Record<string, string>>,
  file: StatusFile,
): Promise<void> {
  await mkdir(file.workDir, { recursive: true })
  const folder = await mkdtemp(join(file.workDir, 'status-'))
  const path = join(folder, 'status.parquet')
  const values = Object.entries(rows).map(
    ([model, time]) => `(${literal(model)}, CAST(TIMESTAMPTZ ${literal(time)} AS TIMESTAMP))`,
  )
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '64MB' })
  try {
    const connection = await instance.connect()
    await connection.run("SET TimeZone = 'UTC'")
    await connection.run(
      `COPY (SELECT * FROM (VALUES ${values.join(', ')}) AS rows(data_model_name, transfer_last_updated_at))
       TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V1)`,
    )
    await uploadFile(file.s3, { path, bucket: file.bucket, key: file.key }, file.signal)
  } finally {
    instance.closeSync()
    await rm(folder, { recursive: true, force: true })
  }
}
