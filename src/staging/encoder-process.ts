/**
 * The encoder: a process of its own, since a crash of the native library must not take the worker along. It answers one
 * request at a time and ends when the worker does.
 */
import { DuckDBInstance } from '@duckdb/node-api'
import { toTransferError } from '../domain/errors.ts'
import { type EncodeRequest, encodeSlice } from './encode-slice.ts'

const [, , workDir = '.'] = process.argv
process.on('disconnect', () => process.exit(0))

const instance = await DuckDBInstance.create(':memory:', {
  threads: '1',
  memory_limit: '512MB',
  temp_directory: workDir,
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
})
const connection = await instance.connect()
await connection.run("SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
await connection.run(`SET allowed_directories = ['${workDir.replaceAll("'", "''")}']`)
await connection.run('SET enable_external_access = false; SET lock_configuration = true')

process.on('message', (request: EncodeRequest) => {
  encodeSlice(connection, request).then(
    outcome => process.send?.({ outcome }),
    (thrown: unknown) => process.send?.({ failure: toTransferError(thrown).toReport() }),
  )
})
process.send?.({ ready: true })
