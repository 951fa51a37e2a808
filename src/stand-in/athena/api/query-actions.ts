import { z } from 'zod'
import type { Caller } from '../../services.ts'
import { workgroupArn } from './athena-arn.ts'
import { describeExecution } from './describe-execution.ts'
import { type Execution, isTerminal } from './executions.ts'
import { invalidRequest, readBody } from './invalid-request.ts'
import { listPageSchema, pageOf } from './paging.ts'
import { pageSchema, type ResultPageContext, readResultPage } from './result-pages.ts'
import { type StartDependencies, startQuery } from './start-query.ts'
import { PRIMARY } from './workgroups.ts'

/** Answers one action. */
export type Action = (body: unknown, caller: Caller) => Promise<object>

/** The actions on query executions, by name. */
export function queryActions(deps: StartDependencies & ResultPageContext): Readonly<Record<string, Action>> {
  const find = (action: string, id: string, caller: Caller): Execution => {
    const execution = deps.executions.get(caller, id)
    deps.authorizer.authorize(caller, `athena:${action}`, [
      workgroupArn(caller, execution?.workgroup ?? PRIMARY),
    ])
    if (!execution) throw invalidRequest(`QueryExecution ${id} was not found`, 'QUERY_EXECUTION_NOT_FOUND')
    return execution
  }
  const idOf = (body: unknown): string => readBody(idSchema, body).QueryExecutionId
  return {
    StartQueryExecution: (body, caller) => startQuery(deps, body, caller),
    GetQueryExecution: async (body, caller) => ({
      QueryExecution: describeExecution(find('GetQueryExecution', idOf(body), caller)),
    }),
    GetQueryResults: async (body, caller) => {
      const page = readBody(pageSchema, body)
      return readResultPage(deps, find('GetQueryResults', page.QueryExecutionId, caller), page, caller)
    },
    StopQueryExecution: async (body, caller) => {
      const execution = find('StopQueryExecution', idOf(body), caller)
      if (!isTerminal(execution)) deps.runner.stop(execution)
      return {}
    },
    BatchGetQueryExecution: async (body, caller) => batchGet(deps, body, caller),
    ListQueryExecutions: async (body, caller) => listExecutions(deps, body, caller),
    GetQueryRuntimeStatistics: async (body, caller) => {
      const execution = find('GetQueryRuntimeStatistics', idOf(body), caller)
      return { QueryRuntimeStatistics: runtimeStatistics(execution) }
    },
  }
}

const idSchema = z.looseObject({ QueryExecutionId: z.string() })

const batchSchema = z.looseObject({ QueryExecutionIds: z.array(z.string()).min(1).max(50) })

function batchGet(deps: StartDependencies, body: unknown, caller: Caller): object {
  const { QueryExecutionIds: ids } = readBody(batchSchema, body)
  const found = ids.map(id => ({ id, execution: deps.executions.get(caller, id) }))
  const workgroups = new Set(found.map(one => one.execution?.workgroup ?? PRIMARY))
  for (const name of workgroups) {
    deps.authorizer.authorize(caller, 'athena:BatchGetQueryExecution', [workgroupArn(caller, name)])
  }
  return {
    QueryExecutions: found.flatMap(one => (one.execution ? [describeExecution(one.execution)] : [])),
    UnprocessedQueryExecutionIds: found
      .filter(one => !one.execution)
      .map(one => ({
        QueryExecutionId: one.id,
        ErrorCode: 'QUERY_EXECUTION_NOT_FOUND',
        ErrorMessage: `QueryExecution ${one.id} was not found`,
      })),
  }
}

function listExecutions(deps: StartDependencies, body: unknown, caller: Caller): object {
  const request = readBody(listPageSchema.extend({ WorkGroup: z.string().default(PRIMARY) }), body)
  deps.authorizer.authorize(caller, 'athena:ListQueryExecutions', [workgroupArn(caller, request.WorkGroup)])
  const ids = deps.executions.list(caller, request.WorkGroup).map(execution => execution.id)
  const { items, next } = pageOf(ids, request)
  return { QueryExecutionIds: items, ...next }
}

function runtimeStatistics(execution: Execution): object {
  const ended = execution.endedAtMs ?? Date.now()
  return {
    Timeline: {
      QueryQueueTimeInMillis: (execution.startedAtMs ?? ended) - execution.submittedAtMs,
      TotalExecutionTimeInMillis: ended - execution.submittedAtMs,
    },
    Rows: { InputBytes: execution.scannedBytes, OutputRows: execution.updateCount ?? 0 },
  }
}
