/**
 * Entry point of a DuckDB child process: one in-memory database at a time, driven over IPC. A crash of the native
 * library ends this process alone; the parent turns it into a failed query.
 */
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api'
import { registerBucketFunctions } from './bucket-functions.ts'
import { type Request, requestSchema } from './session-messages.ts'

interface OpenDatabase {
  readonly instance: DuckDBInstance
  readonly connection: DuckDBConnection
  result: DuckDBResult | undefined
}

async function open(settings: Readonly<Record<string, string>>): Promise<OpenDatabase> {
  const instance = await DuckDBInstance.create(':memory:', settings)
  const connection = await instance.connect()
  registerBucketFunctions(connection)
  return { instance, connection, result: undefined }
}

/** Rows of the running result, a few thousand at a time; null at its end. */
async function nextRows(database: OpenDatabase): Promise<unknown> {
  const { result } = database
  if (!result) return null
  for await (const rows of result.yieldRowsJson()) return rows
  return null
}

async function answer(
  request: Exclude<Request, { kind: 'open' | 'close' | 'interrupt' }>,
  database: OpenDatabase,
): Promise<unknown> {
  switch (request.kind) {
    case 'all':
      return (await database.connection.runAndReadAll(request.sql)).getRowObjectsJson()
    case 'stream':
      database.result = await database.connection.stream(request.sql)
      return null
    case 'next':
      return nextRows(database)
  }
}

function close(database: OpenDatabase | undefined): void {
  database?.connection.closeSync()
  database?.instance.closeSync()
}

function serve(): void {
  let database: OpenDatabase | undefined
  const handle = async (request: Exclude<Request, { kind: 'interrupt' }>): Promise<unknown> => {
    if (request.kind === 'open' || request.kind === 'close') {
      close(database)
      database = request.kind === 'open' ? await open(request.settings) : undefined
      return null
    }
    if (!database) throw new Error('No database is open')
    return answer(request, database)
  }
  process.on('message', message => {
    const request = requestSchema.parse(message)
    if (request.kind === 'interrupt') {
      database?.connection.interrupt()
      return
    }
    handle(request).then(
      value => process.send?.({ id: request.id, value }),
      (error: unknown) => process.send?.({ id: request.id, error: String(error).replace(/^Error: /, '') }),
    )
  })
  process.on('disconnect', () => process.exit())
}

serve()
