/**
 * The encoder: a process of its own, since a crash of the native library must not take the worker along. It answers one
 * request at a time and ends when the worker does.
 */
import { DuckDBInstance } from '@duckdb/node-api'
import { toTransferError } from '../domain/errors.ts'
import { createSliceEncoder, type EncodeOutcome, type EncodeRequest } from './encode-slice.ts'
import { literal } from './encode-sql.ts'

const [, , workDir = '.'] = process.argv
process.on('disconnect', () => process.exit(0))

const encodeSlice = createSliceEncoder()

/** Encodes with a database of the request's own, which may touch the work folder and the request's file alone. */
async function encode(request: EncodeRequest): Promise<EncodeOutcome> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '512MB',
    temp_directory: workDir,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    await connection.run("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
    await connection.run(`SET allowed_directories = [${literal(workDir)}]`)
    await connection.run(`SET allowed_paths = [${literal(request.path)}]`)
    await connection.run('SET enable_external_access = false; SET lock_configuration = true')
    return await encodeSlice(connection, request)
  } finally {
    instance.closeSync()
  }
}

process.on('message', (request: EncodeRequest) => {
  encode(request).then(
    outcome => process.send?.({ outcome }),
    (thrown: unknown) => process.send?.({ failure: toTransferError(thrown).toReport() }),
  )
})
process.send?.({ ready: true })
