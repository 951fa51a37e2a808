import { createReadStream } from 'node:fs'
import { copyFile, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Caller, ObjectStore } from '../../services.ts'
import type { ResultColumn, ResultSink } from '../engine.ts'
import { parseS3Uri } from '../s3-uri.ts'
import { csvLine, textLine } from './csv.ts'
import { type Execution, storedColumns } from './executions.ts'

/** Collects a result in a local file until the query has succeeded. */
export interface ResultFile {
  readonly sink: ResultSink
  /** The columns, once known. */
  readonly columns: () => readonly ResultColumn[]
  /** Puts result and description where the execution says, as the caller; `s3:PutObject` is checked. */
  publish(execution: Execution): Promise<void>
  close(): Promise<void>
}

/** What a result file needs. */
export interface ResultFileContext {
  readonly store: ObjectStore
  readonly caller: Caller
  readonly workDirectory: string
  /** Where results are kept that Athena manages itself. */
  readonly managedDirectory: string
}

/** Opens a result: CSV with a header for SELECT, text for DDL and utility statements. */
export async function openResultFile(context: ResultFileContext, execution: Execution): Promise<ResultFile> {
  const path = join(context.workDirectory, 'result')
  const file = await open(path, 'w')
  const isDml = execution.statementType === 'DML'
  let columns: readonly ResultColumn[] = []
  return {
    columns: () => columns,
    sink: {
      async begin(given) {
        columns = given
        if (execution.statementSubtype === 'SELECT')
          await file.write(csvLine(given.map(column => column.name)))
      },
      async write(rows) {
        await file.write(rows.map(isDml ? csvLine : textLine).join(''))
      },
    },
    async publish(done) {
      const place = done.outputLocation === undefined ? undefined : parseS3Uri(done.outputLocation)
      if (!place) {
        await mkdir(context.managedDirectory, { recursive: true })
        await copyFile(path, join(context.managedDirectory, done.id))
        return
      }
      const metadata = Buffer.from(JSON.stringify({ columns: storedColumns(columns) }))
      await context.store.put(context.caller, place.bucket, place.key, createReadStream(path))
      await context.store.put(context.caller, place.bucket, `${place.key}.metadata`, metadata)
    },
    close: () => file.close(),
  }
}

/** Lists the data files that a statement wrote in `<id>-manifest.csv` beside the result; gives the list's URI. */
export async function publishManifest(
  context: ResultFileContext,
  execution: Execution,
  uris: readonly string[],
): Promise<string | undefined> {
  const location = execution.outputLocation?.replace(/\.(?:csv|txt)$/, '-manifest.csv')
  const place = location === undefined ? undefined : parseS3Uri(location)
  if (!place || uris.length === 0) return undefined
  await context.store.put(context.caller, place.bucket, place.key, Buffer.from(`${uris.join('\n')}\n`))
  return location
}
