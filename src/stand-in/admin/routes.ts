import { z } from 'zod'
import { faultSchema } from '../faults/fault.ts'
import { type Answer, type Call, decodePercent } from '../http/call.ts'
import { readBody } from '../http/read-body.ts'
import { permissionPolicySchema, trustPolicySchema } from '../iam/policy.ts'
import { AwsError } from '../services.ts'
import {
  accountRequest,
  auditQuery,
  bucketRequest,
  clockRequest,
  expiryRequest,
  lakeFormationRequest,
  roleRequest,
  tokenRequest,
  userRequest,
  workgroupRequest,
} from './schemas.ts'
import {
  type AdminDeps,
  changeRole,
  deleteUser,
  expireSessions,
  mintToken,
  notFound,
  putAccount,
  putBucket,
  putLakeFormation,
  putRole,
  putUser,
  putWorkgroup,
} from './world.ts'

/** Where the admin API lives. */
export const ADMIN_PREFIX = '/_stand-in/'

/** Largest body of the admin API, in bytes. */
const MAX_BODY_BYTES = 1024 ** 2

/** A request to the admin API, after its path was matched. */
interface AdminRequest {
  /** What the pattern's `:names` stand for, in order. */
  readonly path: readonly string[]
  readonly body: unknown
  readonly query: Readonly<Record<string, string>>
}

type Handler = (deps: AdminDeps, request: AdminRequest) => unknown

/** Method and path pattern of each route; README.md describes the bodies. */
const ROUTES: Readonly<Record<string, Handler>> = {
  'GET health': () => ({ status: 'ok' }),
  'PUT accounts/:id': (deps, { path: [accountId], body }) =>
    putAccount(deps, accountRequest.parse({ ...record(body), accountId })),
  'PUT buckets/:name': (deps, { path: [name], body }) =>
    putBucket(deps, bucketRequest.parse({ ...record(body), name })),
  'PUT users/:account/:name': (deps, { path: [accountId, name], body }) =>
    putUser(deps, userRequest.parse({ ...record(body), accountId, name })),
  'DELETE users/:account/:name': (deps, { path: [accountId = '', name = ''] }) =>
    deleteUser(deps, accountId, name),
  'PUT roles/:account/:name': (deps, { path: [accountId, name], body }) =>
    putRole(deps, roleRequest.parse({ ...record(body), accountId, name })),
  'DELETE roles/:account/:name': (deps, { path: [accountId = '', name = ''] }) =>
    deps.identities.roles.delete(`${accountId}/${name}`),
  'PUT roles/:account/:name/trust-policy': (deps, { path: [accountId = '', name = ''], body }) => {
    const trustPolicy = trustPolicySchema.parse(body)
    return changeRole(deps, accountId, name, () => ({ trustPolicy }))
  },
  'PUT roles/:account/:name/policies/:policy': (
    deps,
    { path: [accountId = '', name = '', policyName = ''], body },
  ) => {
    const policy = permissionPolicySchema.parse(body)
    return changeRole(deps, accountId, name, role => ({
      policies: { ...role.policies, [policyName]: policy },
    }))
  },
  'DELETE roles/:account/:name/policies/:policy': (
    deps,
    { path: [accountId = '', name = '', policyName = ''] },
  ) => changeRole(deps, accountId, name, ({ policies: { [policyName]: _, ...policies } }) => ({ policies })),
  'PUT workgroups/:account/:name': (deps, { path: [accountId, name], body }) =>
    putWorkgroup(deps, workgroupRequest.parse({ ...record(body), accountId, name })),
  'PUT lake-formation/:account/:name': (deps, { path: [accountId, name], body }) =>
    putLakeFormation(deps, lakeFormationRequest.parse({ ...record(body), accountId, name })),
  'POST tokens': (deps, { body }) => mintToken(deps, tokenRequest.parse(body)),
  'POST sessions/expire': (deps, { body }) => expireSessions(deps, expiryRequest.parse(body)),
  'GET audit': (deps, { query }) => ({ entries: deps.audit.find(auditQuery.parse(query)) }),
  'DELETE audit': deps => deps.audit.clear(),
  'GET faults': deps => ({ faults: deps.faults.list() }),
  'PUT faults': (deps, { body }) => deps.faults.set(faultSchema.parse(body)),
  'DELETE faults': deps => deps.faults.clear(),
  'DELETE faults/:id': (deps, { path: [id = ''] }) => deps.faults.remove(id),
  'PUT clock': (deps, { body }) => deps.clock.setOffset(clockRequest.parse(body).offsetMs),
}

/** Answers the admin API, to callers on this machine only. Errors are JSON with `code` and `message`. */
export async function answerAdmin(deps: AdminDeps, call: Call): Promise<Answer> {
  try {
    if (!isLoopback(call.sourceIp))
      throw new AwsError('Forbidden', 403, 'the admin API answers loopback callers only')
    const text = (await readBody(call.body, MAX_BODY_BYTES)).toString()
    const body: unknown = text === '' ? {} : JSON.parse(text)
    return json(200, (await dispatch(deps, call, body)) ?? {})
  } catch (error) {
    if (error instanceof AwsError) return json(error.httpStatus, { code: error.code, message: error.message })
    if (error instanceof z.ZodError) return json(400, { code: 'Invalid', message: z.prettifyError(error) })
    if (error instanceof SyntaxError) return json(400, { code: 'Invalid', message: error.message })
    throw error
  }
}

function dispatch(deps: AdminDeps, call: Call, body: unknown): unknown {
  const segments = call.rawPath.slice(ADMIN_PREFIX.length).split('/').map(decodePercent)
  for (const [route, handler] of Object.entries(ROUTES)) {
    const [method, pattern = ''] = route.split(' ')
    const path = method === call.method ? match(pattern.split('/'), segments) : undefined
    if (path) return handler(deps, { path, body, query: Object.fromEntries(call.query) })
  }
  throw notFound(`${call.method} ${call.rawPath}`)
}

function match(pattern: readonly string[], segments: readonly string[]): readonly string[] | undefined {
  if (pattern.length !== segments.length) return undefined
  const fits = pattern.every((part, index) => part.startsWith(':') || part === segments[index])
  return fits ? segments.filter((_, index) => pattern[index]?.startsWith(':')) : undefined
}

function record(body: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(body)
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

function json(status: number, body: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
