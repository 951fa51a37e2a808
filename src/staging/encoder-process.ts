/**
 * The encoder: a process of its own, since a crash of the native library must not take the worker along. It serves one
 * model after another, answers one request at a time and ends when the worker does.
 */
import { DuckDBInstance } from '@duckdb/node-api'
import { toTransferError } from '../domain/errors.ts'
import { createSliceEncoder, type EncodeOutcome, type EncodeRequest } from './encode-slice.ts'
import { literal } from './encode-sql.ts'
import type { EncoderQuestion } from './encoder.ts'

process.on('disconnect', () => process.exit(0))

/** What is remembered between requests: how the strings of the model that is served are read, and nothing of another. */
let served = { folder: '', encodeSlice: createSliceEncoder() }

/** Encodes with a database of the request's own, which may touch the model's folder and the request's file alone. */
async function encode({ folder, request }: EncoderQuestion): Promise<EncodeOutcome> {
  if (served.folder !== folder) served = { folder, encodeSlice: createSliceEncoder() }
  return withDatabase(folder, request, connection => served.encodeSlice(connection, request))
}

async function withDatabase<Result>(
  folder: string,
  { path }: Pick<EncodeRequest, 'path'>,
  work: (connection: Awaited<ReturnType<DuckDBInstance['connect']>>) => Promise<Result>,
): Promise<Result> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '512MB',
    temp_directory: folder,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    await connection.run("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
    await connection.run(`SET allowed_directories = [${literal(folder)}]`)
    await connection.run(`SET allowed_paths = [${literal(path)}]`)
    await connection.run('SET enable_external_access = false; SET lock_configuration = true')
    return await work(connection)
  } finally {
    instance.closeSync()
  }
}

process.on('message', (question: EncoderQuestion | 'ready?') => {
  if (question === 'ready?') {
    process.send?.({ ready: true })
    return
  }
  encode(question).then(
    outcome => process.send?.({ outcome, residentBytes: process.memoryUsage.rss() }),
    (thrown: unknown) => process.send?.({ failure: toTransferError(thrown).toReport() }),
  )
})
process.send?.({ ready: true })
