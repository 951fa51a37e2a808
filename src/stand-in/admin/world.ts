import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import type { AthenaService } from '../athena/service.ts'
import type { Clock } from '../clock.ts'
import type { FaultRegistry } from '../faults/registry.ts'
import { type GlueStore, recordKey } from '../glue/store.ts'
import type { Audit } from '../iam/audit.ts'
import { type Identities, type Role, roleArn, roleKey, type User } from '../iam/identities.ts'
import { DEFAULT_SERVICE_ACCOUNT, GOOGLE_ISSUER, type TokenIssuer } from '../identity-provider/tokens.ts'
import type { S3Storage } from '../s3/storage.ts'
import { AwsError } from '../services.ts'
import { newUniqueId } from '../sts/sessions.ts'
import type {
  accountRequest,
  bucketRequest,
  expiryRequest,
  lakeFormationRequest,
  roleRequest,
  Seed,
  tokenRequest,
  userRequest,
  workgroupRequest,
} from './schemas.ts'

/** What the admin API reaches into. */
export interface AdminDeps {
  readonly identities: Identities
  readonly storage: S3Storage
  readonly audit: Audit
  readonly faults: FaultRegistry
  readonly clock: Clock
  readonly issuer: TokenIssuer
  /** Whom Lake Formation grants the databases that it governs. */
  readonly governed: GlueStore['governed']
  /** Athena's part, which keeps the workgroups. */
  readonly workgroups: Pick<AthenaService, 'putWorkgroup'>
}

/** Makes an account, or leaves it as it is. */
export async function putAccount(
  deps: AdminDeps,
  request: z.output<typeof accountRequest>,
): Promise<unknown> {
  await deps.identities.accounts.set(request.accountId, request)
  return request
}

function requireAccount(deps: AdminDeps, accountId: string): string {
  const account = deps.identities.accounts.get(accountId)
  if (!account) throw notFound(`account ${accountId}`)
  return account.partition
}

/** Makes a bucket; one that is there already must be the same account's and region's. */
export async function putBucket(deps: AdminDeps, request: z.output<typeof bucketRequest>): Promise<unknown> {
  requireAccount(deps, request.accountId)
  const { buckets } = deps.storage
  const existing = buckets.get(request.name)
  if (existing && (existing.accountId !== request.accountId || existing.region !== request.region))
    throw new AwsError('Conflict', 409, `bucket ${request.name} belongs to another account or region`)
  if (existing?.kmsKeyArn !== request.kmsKeyArn || !existing)
    await buckets.set(request.name, { ...request, createdMs: existing?.createdMs ?? Date.now() })
  return request
}

/** Makes a role or replaces its policies; sessions of it go on, under the new ones. */
export async function putRole(deps: AdminDeps, request: z.output<typeof roleRequest>): Promise<unknown> {
  const partition = requireAccount(deps, request.accountId)
  const key = roleKey(request.accountId, request.name)
  const role: Role = { ...request, roleId: deps.identities.roles.get(key)?.roleId ?? newUniqueId('AROA') }
  await deps.identities.roles.set(key, role)
  return { arn: roleArn(role, partition), roleId: role.roleId }
}

/** Changes a role that is there. */
export async function changeRole(
  deps: AdminDeps,
  accountId: string,
  name: string,
  change: (role: Role) => Partial<Role>,
): Promise<unknown> {
  const key = roleKey(accountId, name)
  const role = deps.identities.roles.get(key)
  if (!role) throw notFound(`role ${key}`)
  await deps.identities.roles.set(key, { ...role, ...change(role) })
  return {}
}

/** Makes a user or replaces its policies; its access key stays unless another one is given. */
export async function putUser(deps: AdminDeps, request: z.output<typeof userRequest>): Promise<unknown> {
  const partition = requireAccount(deps, request.accountId)
  const { users } = deps.identities
  const existing = [...users.values()].find(
    user => user.accountId === request.accountId && user.name === request.name,
  )
  const user: User = {
    ...request,
    userId: existing?.userId ?? newUniqueId('AIDA'),
    accessKeyId: request.accessKeyId ?? existing?.accessKeyId ?? newUniqueId('AKIA'),
    secretAccessKey:
      request.secretAccessKey ?? existing?.secretAccessKey ?? randomBytes(30).toString('base64'),
  }
  if (existing && existing.accessKeyId !== user.accessKeyId) await users.delete(existing.accessKeyId)
  await users.set(user.accessKeyId, user)
  const { accessKeyId, secretAccessKey, userId } = user
  return {
    arn: `arn:${partition}:iam::${user.accountId}:user/${user.name}`,
    userId,
    accessKeyId,
    secretAccessKey,
  }
}

/** Removes a user and its access key. */
export async function deleteUser(deps: AdminDeps, accountId: string, name: string): Promise<unknown> {
  for (const user of [...deps.identities.users.values()]) {
    if (user.accountId === accountId && user.name === name)
      await deps.identities.users.delete(user.accessKeyId)
  }
  return {}
}

/** Makes a workgroup or replaces its settings. */
export async function putWorkgroup(
  deps: AdminDeps,
  request: z.output<typeof workgroupRequest>,
): Promise<unknown> {
  const { accountId, ...workgroup } = request
  requireAccount(deps, accountId)
  await deps.workgroups.putWorkgroup(accountId, workgroup)
  return {}
}

/** Puts a database under Lake Formation, or changes whom it grants it to. */
export async function putLakeFormation(
  deps: AdminDeps,
  { accountId, region, name, grantedTo }: z.output<typeof lakeFormationRequest>,
): Promise<unknown> {
  requireAccount(deps, accountId)
  await deps.governed.set(recordKey({ catalogId: accountId, region }, name), grantedTo)
  return {}
}

/** Mints a token with the claims asked for; also ones that STS must refuse. */
export function mintToken(deps: AdminDeps, request: z.output<typeof tokenRequest>): unknown {
  const iat = Math.floor(deps.clock.nowMs() / 1000)
  const sub = request.subject ?? DEFAULT_SERVICE_ACCOUNT.subject
  const azp = request.authorizedParty === null ? undefined : (request.authorizedParty ?? sub)
  const email = request.email ?? DEFAULT_SERVICE_ACCOUNT.email
  const times = { iat: Math.min(iat, iat + request.expiresInSeconds), exp: iat + request.expiresInSeconds }
  return {
    token: deps.issuer.mint({
      iss: request.issuer ?? GOOGLE_ISSUER,
      aud: request.audience,
      azp,
      sub,
      email,
      ...times,
    }),
  }
}

/** Ends sessions now, as if their time had come. */
export async function expireSessions(
  deps: AdminDeps,
  request: z.output<typeof expiryRequest>,
): Promise<unknown> {
  const { sessions } = deps.identities
  const ended = [...sessions.values()]
    .filter(session => request.accountId === undefined || session.accountId === request.accountId)
    .filter(session => request.accessKeyId === undefined || session.accessKeyId === request.accessKeyId)
  const now = deps.clock.nowMs()
  const earlier = ended.filter(session => session.expiresAtMs > now)
  await Promise.all(
    earlier.map(session => sessions.set(session.accessKeyId, { ...session, expiresAtMs: now })),
  )
  return { expired: earlier.length }
}

/** Applies a seed; applying it again changes nothing. */
export async function applySeed(deps: AdminDeps, seed: Seed): Promise<void> {
  for (const account of seed.accounts) await putAccount(deps, account)
  for (const bucket of seed.buckets) await putBucket(deps, bucket)
  for (const user of seed.users) await putUser(deps, user)
  for (const role of seed.roles) await putRole(deps, role)
  for (const workgroup of seed.workgroups) await putWorkgroup(deps, workgroup)
  for (const database of seed.lakeFormation) await putLakeFormation(deps, database)
  for (const fault of seed.faults) deps.faults.set(fault)
}

/** The admin API's answer for what is not there. */
export function notFound(what: string): AwsError {
  return new AwsError('NotFound', 404, `${what} does not exist`)
}
