import { join } from 'node:path'
import { z } from 'zod'
import { type KeyedLog, openKeyedLog } from '../storage/keyed-log.ts'
import { permissionPolicySchema, trustPolicySchema } from './policy.ts'

/** An account number: twelve digits. */
export const accountIdSchema = z.string().regex(/^\d{12}$/, 'expected an account id of 12 digits')

const partitionSchema = z.enum(['aws', 'aws-cn', 'aws-us-gov'])

/** An account and the partition it lives in. */
export const accountSchema = z.strictObject({ accountId: accountIdSchema, partition: partitionSchema })

const nameSchema = z
  .string()
  .regex(/^[\w+=,.@-]{1,64}$/, 'expected 1 to 64 letters, digits or any of +=,.@_-')

/** What the admin API takes for a user: one access key and policies by name. */
export const userSchema = z.strictObject({
  accountId: accountIdSchema,
  name: nameSchema,
  userId: z.string(),
  accessKeyId: z.string().regex(/^AKIA[A-Z0-9]{12,124}$/, 'expected an access key id beginning with AKIA'),
  secretAccessKey: z.string().min(16),
  policies: z.record(z.string(), permissionPolicySchema),
})

/** Session lengths that a role may allow, in seconds: 1 to 12 hours, as IAM has it. */
const maxSessionDurationSchema = z.int().min(3600).max(43_200).default(3600)

/** A role: who may assume it, and what it may do then. */
export const roleSchema = z.strictObject({
  accountId: accountIdSchema,
  name: nameSchema,
  path: z
    .string()
    .regex(/^\/(?:[\w+=,.@-]+\/)*$/)
    .default('/'),
  roleId: z.string(),
  trustPolicy: trustPolicySchema,
  policies: z.record(z.string(), permissionPolicySchema),
  maxSessionDurationSeconds: maxSessionDurationSchema,
})

const sessionSchema = z.strictObject({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
  accountId: accountIdSchema,
  roleName: z.string(),
  sessionName: z.string(),
  issuedAtMs: z.number(),
  expiresAtMs: z.number(),
  sessionPolicy: permissionPolicySchema.optional(),
  /** Condition keys of the identity token, such as `accounts.google.com:sub`. */
  federatedKeys: z.record(z.string(), z.string()),
})

type Account = z.output<typeof accountSchema>
export type User = z.output<typeof userSchema>
export type Role = z.output<typeof roleSchema>
export type Session = z.output<typeof sessionSchema>

/** Accounts, users, roles and sessions; all of it survives a restart. */
export interface Identities {
  /** Keyed by account id. */
  readonly accounts: KeyedLog<Account>
  /** Keyed by access key id. */
  readonly users: KeyedLog<User>
  /** Keyed by `roleKey`. */
  readonly roles: KeyedLog<Role>
  /** Keyed by access key id; expired ones are dropped a day later, at the next start. */
  readonly sessions: KeyedLog<Session>
  close(): Promise<void>
}

/** The key of a role in `Identities.roles`: names are unique in an account, whatever the path. */
export function roleKey(accountId: string, name: string): string {
  return `${accountId}/${name}`
}

/** The ARN of a role, path included. */
export function roleArn(role: Role, partition: string): string {
  return `arn:${partition}:iam::${role.accountId}:role${role.path}${role.name}`
}

/** Opens the identities kept in `folder`. */
export async function openIdentities(folder: string): Promise<Identities> {
  const accounts = await openKeyedLog(join(folder, 'accounts.jsonl'), accountSchema)
  const users = await openKeyedLog(join(folder, 'users.jsonl'), userSchema)
  const roles = await openKeyedLog(join(folder, 'roles.jsonl'), roleSchema)
  const sessions = await openKeyedLog(join(folder, 'sessions.jsonl'), sessionSchema)
  await dropOldSessions(sessions)
  return {
    accounts,
    users,
    roles,
    sessions,
    async close() {
      for (const log of [accounts, users, roles, sessions]) await log.close()
    },
  }
}

/** A session that just expired must be told so, not that it is unknown; a day is enough for that. */
const KEEP_EXPIRED_MS = 86_400_000

async function dropOldSessions(sessions: KeyedLog<Session>): Promise<void> {
  const old = [...sessions.values()].filter(session => session.expiresAtMs < Date.now() - KEEP_EXPIRED_MS)
  await Promise.all(old.map(session => sessions.delete(session.accessKeyId)))
}
