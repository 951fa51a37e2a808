import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AwsError, type Caller, type ObjectStore } from '../../services.ts'
import { parseS3Uri } from '../s3-uri.ts'
import { columnInfo } from './column-info.ts'
import { type ReadRow, readCsvRows, readTextRows } from './csv.ts'
import { columnType, type Execution } from './executions.ts'
import { invalidRequest } from './invalid-request.ts'

/** Athena's largest page, and its default, in rows. */
const MAX_ROWS = 1000

/** The members of a GetQueryResults request that choose a page. */
export const pageSchema = z.looseObject({
  QueryExecutionId: z.string(),
  NextToken: z.string().optional(),
  MaxResults: z.number().int().min(1).max(MAX_ROWS).default(MAX_ROWS),
})

/** What reading results needs. */
export interface ResultPageContext {
  readonly store: ObjectStore
  readonly dataDir: string
}

/** One page of a succeeded query's result, read from S3 as the caller; the header is the first row of a SELECT. */
export async function readResultPage(
  context: ResultPageContext,
  execution: Execution,
  page: z.infer<typeof pageSchema>,
  caller: Caller,
): Promise<object> {
  requireSucceeded(execution)
  const isDml = execution.statementType === 'DML'
  const offset = readToken(page.NextToken, execution.id)
  const path = await resultPath(context, execution, caller)
  const { rows, nextOffset } = await readRows(path, offset, page.MaxResults, isDml)
  return {
    ...(nextOffset === undefined ? {} : { NextToken: writeToken(nextOffset, execution.id) }),
    ...(execution.updateCount === undefined ? { UpdateCount: 0 } : { UpdateCount: execution.updateCount }),
    ResultSet: {
      Rows: rows.map(row => ({
        Data: row.map(value => (value === null ? {} : { VarCharValue: value })),
      })),
      ResultSetMetadata: {
        ColumnInfo: execution.columns.map(column => columnInfo(column.name, columnType(column.type), isDml)),
      },
    },
  }
}

function requireSucceeded(execution: Execution): void {
  if (execution.state === 'SUCCEEDED') return
  const isOver = execution.state === 'FAILED' || execution.state === 'CANCELLED'
  const message = isOver
    ? `Query did not finish successfully. Final query state: ${execution.state}`
    : `Query has not yet finished. Current state: ${execution.state}`
  throw invalidRequest(message, 'INVALID_QUERY_EXECUTION_STATE')
}

async function resultPath(context: ResultPageContext, execution: Execution, caller: Caller): Promise<string> {
  const place = execution.outputLocation === undefined ? undefined : parseS3Uri(execution.outputLocation)
  if (!place) return join(context.dataDir, 'managed', execution.id)
  try {
    return (await context.store.get(caller, place.bucket, place.key)).path
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'NoSuchKey') throw error
    throw invalidRequest(`Could not find results for query ${execution.id}`, 'RESULT_NOT_FOUND')
  }
}

function writeToken(offset: number, id: string): string {
  return Buffer.from(`${id}:${offset}`).toString('base64')
}

function readToken(token: string | undefined, id: string): number {
  if (token === undefined) return 0
  const [owner, offset] = Buffer.from(token, 'base64').toString('utf8').split(':')
  if (owner !== id || !/^\d+$/.test(offset ?? '')) throw invalidRequest('Invalid NextToken')
  return Number(offset)
}

/** How much of a result is read at first for one page, in bytes; doubled until the page is full. */
const FIRST_READ_BYTES = 262_144

interface Rows {
  readonly rows: readonly ReadRow['row'][]
  /** Where the next page begins; absent on the last. */
  readonly nextOffset: number | undefined
}

async function readRows(path: string, offset: number, maxRows: number, isCsv: boolean): Promise<Rows> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    for (let length = FIRST_READ_BYTES; ; length *= 2) {
      const bytes = Buffer.alloc(Math.min(length, Math.max(0, size - offset)))
      await file.read(bytes, 0, bytes.length, offset)
      const rows = firstRows(isCsv ? readCsvRows(bytes) : readTextRows(bytes), maxRows)
      const end = offset + (rows.at(-1)?.endsAt ?? 0)
      const isWhole = offset + bytes.length >= size
      if (rows.length < maxRows && !isWhole) continue
      return { rows: rows.map(one => one.row), nextOffset: end < size ? end : undefined }
    }
  } finally {
    await file.close()
  }
}

function firstRows(rows: Iterable<ReadRow>, maxRows: number): readonly ReadRow[] {
  const taken: ReadRow[] = []
  for (const row of rows) {
    taken.push(row)
    if (taken.length === maxRows) break
  }
  return taken
}
