import { join } from 'node:path'
import { z } from 'zod'
import { openKeyedLog } from '../../storage/keyed-log.ts'
import { printType, type SqlType } from '../types/sql-type.ts'
import { parseTrinoType } from '../types/trino-type.ts'
import type { Home } from './workgroups.ts'

const stateSchema = z.enum(['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'])

const failureSchema = z.object({
  category: z.number(),
  type: z.number(),
  retryable: z.boolean(),
  message: z.string(),
})

const executionSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  region: z.string(),
  workgroup: z.string(),
  sql: z.string(),
  database: z.string(),
  parameters: z.array(z.string()),
  token: z.string(),
  statementType: z.enum(['DDL', 'DML', 'UTILITY']),
  statementSubtype: z.string(),
  /** The result object's URI; absent when Athena manages results. */
  outputLocation: z.string().optional(),
  scanLimitBytes: z.number().optional(),
  engineVersion: z.union([z.literal(2), z.literal(3)]).default(3),
  state: stateSchema,
  reason: z.string().optional(),
  failure: failureSchema.optional(),
  submittedAtMs: z.number(),
  startedAtMs: z.number().optional(),
  endedAtMs: z.number().optional(),
  scannedBytes: z.number().default(0),
  updateCount: z.number().optional(),
  dataManifestLocation: z.string().optional(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })).default([]),
})

/** One query execution, as it is kept on disk. */
export type Execution = z.infer<typeof executionSchema>

/** How a failed query failed, in Athena's numbers. */
export type Failure = z.infer<typeof failureSchema>

/** Keeps executions across restarts. */
export interface ExecutionStore {
  get(home: Home, id: string): Execution | undefined
  /** The execution that a client request token stands for. */
  findByToken(home: Home, token: string): Execution | undefined
  /** Executions of a workgroup, the newest first. */
  list(home: Home, workgroup: string): readonly Execution[]
  /** Adds or replaces; visible at once. */
  put(execution: Execution): Promise<void>
  close(): Promise<void>
}

/** Opens the store under `dataDir`; queries that ran when the process died are FAILED by the system, and may be repeated. */
export async function openExecutions(dataDir: string): Promise<ExecutionStore> {
  const log = await openKeyedLog(join(dataDir, 'executions.ndjson'), executionSchema)
  for (const execution of log.values()) {
    if (isTerminal(execution)) continue
    await log.set(execution.id, interrupted(execution))
  }
  const tokens = new Map([...log.values()].map(one => [tokenKey(one, one.token), one.id]))
  const isAt = (home: Home, one: Execution | undefined): one is Execution =>
    one !== undefined && one.accountId === home.accountId && one.region === home.region
  return {
    get: (home, id) => {
      const found = log.get(id)
      return isAt(home, found) ? found : undefined
    },
    findByToken: (home, token) => log.get(tokens.get(tokenKey(home, token)) ?? ''),
    list: (home, workgroup) =>
      [...log.values()]
        .filter(one => isAt(home, one) && one.workgroup === workgroup)
        .toSorted((a, b) => b.submittedAtMs - a.submittedAtMs),
    put: execution => {
      tokens.set(tokenKey(execution, execution.token), execution.id)
      return log.set(execution.id, execution)
    },
    close: () => log.close(),
  }
}

function tokenKey(home: Home, token: string): string {
  return `${home.accountId}/${home.region}/${token}`
}

/** True once nothing about the execution will change any more. */
export function isTerminal(execution: Execution): boolean {
  return execution.state !== 'QUEUED' && execution.state !== 'RUNNING'
}

function interrupted(execution: Execution): Execution {
  const message = 'GENERIC_INTERNAL_ERROR: The query was interrupted by a restart of the service'
  return {
    ...execution,
    state: 'FAILED',
    reason: message,
    failure: { category: 1, type: 100, retryable: true, message },
    endedAtMs: Date.now(),
  }
}

/** Columns as they are kept: types as Athena prints them. */
export function storedColumns(
  columns: readonly { readonly name: string; readonly type: SqlType }[],
): Execution['columns'] {
  return columns.map(column => ({ name: column.name, type: printType(column.type) }))
}

/** The type of a kept column; what cannot be read back shows as varchar. */
export function columnType(text: string): SqlType {
  return parseTrinoType(text) ?? { kind: 'varchar' }
}
