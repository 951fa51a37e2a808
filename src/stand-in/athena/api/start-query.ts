import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Authorizer, AwsError, type Caller, type ObjectStore } from '../../services.ts'
import type { Engine, Statement } from '../engine.ts'
import { QueryError } from '../query-error.ts'
import { joinUri, parseS3Uri } from '../s3-uri.ts'
import { workgroupArn } from './athena-arn.ts'
import type { Execution, ExecutionStore } from './executions.ts'
import { invalidRequest, readBody } from './invalid-request.ts'
import type { QueryRunner } from './run-query.ts'
import { PRIMARY, type Workgroup, type WorkgroupStore } from './workgroups.ts'

const requestSchema = z.looseObject({
  QueryString: z.string().min(1),
  ClientRequestToken: z.string().min(32).max(128).optional(),
  QueryExecutionContext: z
    .looseObject({ Database: z.string().optional(), Catalog: z.string().optional() })
    .optional(),
  ResultConfiguration: z.looseObject({ OutputLocation: z.string().optional() }).optional(),
  WorkGroup: z.string().optional(),
  ExecutionParameters: z.array(z.string()).default([]),
})

type StartRequest = z.infer<typeof requestSchema>

/** Athena's limit of a query's length, in bytes of UTF-8. */
const MAX_QUERY_BYTES = 262_144

/** What starting queries needs. */
export interface StartDependencies {
  readonly authorizer: Authorizer
  readonly store: ObjectStore
  readonly engine: Engine
  readonly executions: ExecutionStore
  readonly workgroups: WorkgroupStore
  readonly runner: QueryRunner
}

/** StartQueryExecution: the same token joins the execution it stands for, whatever became of that. */
export async function startQuery(deps: StartDependencies, body: unknown, caller: Caller): Promise<object> {
  const request = readBody(requestSchema, body)
  const name = request.WorkGroup ?? PRIMARY
  deps.authorizer.authorize(caller, 'athena:StartQueryExecution', [workgroupArn(caller, name)])
  const token = request.ClientRequestToken ?? randomUUID()
  const known = joinKnown(deps, caller, token, request)
  if (known) return { QueryExecutionId: known.id }
  const workgroup = requireWorkgroup(deps, caller, name)
  const statement = classify(deps.engine, request)
  if (workgroup.engineVersion === 2 && statement.subtype === 'MERGE')
    throw invalidRequest("line 1:1: mismatched input 'MERGE'", 'MALFORMED_QUERY')
  const folder = outputFolder(request, workgroup)
  if (folder !== undefined) await requireBucket(deps.store, caller, folder)
  const joined = joinKnown(deps, caller, token, request)
  if (joined) return { QueryExecutionId: joined.id }
  const execution = newExecution(request, { caller, token, workgroup, statement, folder })
  const stored = deps.executions.put(execution)
  deps.runner.start(execution, caller)
  await stored
  return { QueryExecutionId: execution.id }
}

function joinKnown(
  deps: StartDependencies,
  caller: Caller,
  token: string,
  request: StartRequest,
): Execution | undefined {
  const known = deps.executions.findByToken(caller, token)
  if (!known) return undefined
  const isSame =
    known.sql === request.QueryString &&
    known.workgroup === (request.WorkGroup ?? PRIMARY) &&
    known.database === databaseOf(request)
  if (isSame) return known
  throw invalidRequest('Idempotent parameters do not match', 'IDEMPOTENT_PARAMETERS_MISMATCH')
}

function databaseOf(request: StartRequest): string {
  return request.QueryExecutionContext?.Database?.toLowerCase() ?? 'default'
}

function requireWorkgroup(deps: StartDependencies, caller: Caller, name: string): Workgroup {
  const workgroup = deps.workgroups.get(caller, name)
  if (!workgroup) throw invalidRequest(`WorkGroup ${name} is not found.`, 'WORKGROUP_NOT_FOUND')
  if (workgroup.state === 'DISABLED') throw invalidRequest(`WorkGroup ${name} is disabled.`)
  return workgroup
}

function classify(engine: Engine, request: StartRequest): Statement {
  if (Buffer.byteLength(request.QueryString) > MAX_QUERY_BYTES) {
    throw invalidRequest(`The query string is longer than ${MAX_QUERY_BYTES} bytes`, 'QUERY_STRING_TOO_LONG')
  }
  try {
    return engine.classify(request.QueryString, request.ExecutionParameters)
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    // A statement that is sound in Athena but not imitated here fails when it runs, with a name for it.
    if (error.code !== 'SYNTAX_ERROR') return { type: 'DML', subtype: 'UNKNOWN' }
    throw invalidRequest(error.message.replace('SYNTAX_ERROR: ', ''), 'MALFORMED_QUERY')
  }
}

function outputFolder(request: StartRequest, workgroup: Workgroup): string | undefined {
  const asked = request.ResultConfiguration?.OutputLocation
  if (workgroup.managesResults) {
    if (asked === undefined) return undefined
    throw invalidRequest('An output location may not be given when the workgroup manages query results')
  }
  const own = workgroup.outputLocation
  const folder = workgroup.enforcesConfiguration ? (own ?? asked) : (asked ?? own)
  if (folder === undefined) {
    throw invalidRequest(
      'No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.',
    )
  }
  if (!parseS3Uri(folder)) throw invalidRequest(`outputLocation is not a valid S3 path: ${folder}`)
  return folder
}

async function requireBucket(store: ObjectStore, caller: Caller, folder: string): Promise<void> {
  const bucket = parseS3Uri(folder)?.bucket ?? ''
  const region = await bucketRegion(store, caller, bucket)
  if (region === caller.region) return
  const message =
    'The S3 location provided to save your query results is invalid. Please check your S3 location is correct and is in the same region and try again.'
  throw invalidRequest(message, 'INVALID_QUERY_RESULT_LOCATION')
}

async function bucketRegion(store: ObjectStore, caller: Caller, bucket: string): Promise<string> {
  try {
    return await store.bucketRegion(caller, bucket)
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    throw invalidRequest(
      `Unable to verify/create output bucket ${bucket}. ${error.message}`,
      'INVALID_BUCKET',
    )
  }
}

interface Start {
  readonly caller: Caller
  readonly token: string
  readonly workgroup: Workgroup
  readonly statement: Statement
  readonly folder: string | undefined
}

function newExecution(request: StartRequest, start: Start): Execution {
  const id = randomUUID()
  const { caller, workgroup, statement, folder } = start
  const extension = statement.type === 'DML' ? 'csv' : 'txt'
  return {
    id,
    accountId: caller.accountId,
    region: caller.region,
    workgroup: workgroup.name,
    sql: request.QueryString,
    database: databaseOf(request),
    parameters: request.ExecutionParameters,
    token: start.token,
    statementType: statement.type,
    statementSubtype: statement.subtype,
    ...(folder === undefined ? {} : { outputLocation: joinUri(folder, `${id}.${extension}`) }),
    ...(workgroup.scanLimitBytes === undefined ? {} : { scanLimitBytes: workgroup.scanLimitBytes }),
    engineVersion: workgroup.engineVersion,
    state: 'QUEUED',
    submittedAtMs: Date.now(),
    scannedBytes: 0,
    columns: [],
  }
}
