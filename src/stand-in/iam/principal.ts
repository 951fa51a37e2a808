import type { Caller } from '../services.ts'
import { type ConditionKeys, conditionKeys } from './conditions.ts'
import { type Identities, roleArn, roleKey, type Session, type User } from './identities.ts'
import type { PolicyDocument } from './policy.ts'

/** Who is behind an access key now, with the policies that hold at this moment. */
export interface Principal {
  readonly accountId: string
  readonly partition: string
  /** The assumed-role session's or the user's ARN. */
  readonly arn: string
  /** The role's or the user's ARN: what trust policies and `aws:PrincipalArn` name. */
  readonly identityArn: string
  /** `AROA…:session` or `AIDA…`. */
  readonly userId: string
  readonly secretAccessKey: string
  readonly session: Session | undefined
  readonly userName: string | undefined
  readonly policies: readonly PolicyDocument[]
}

/** Looks up an access key; undefined when it, its role or its account is not (or no longer) there. */
export function findPrincipal(identities: Identities, accessKeyId: string): Principal | undefined {
  const user = identities.users.get(accessKeyId)
  if (user) return userPrincipal(identities, user)
  const session = identities.sessions.get(accessKeyId)
  return session && sessionPrincipal(identities, session)
}

function userPrincipal(identities: Identities, user: User): Principal | undefined {
  const account = identities.accounts.get(user.accountId)
  if (!account) return undefined
  const arn = `arn:${account.partition}:iam::${user.accountId}:user/${user.name}`
  return {
    accountId: user.accountId,
    partition: account.partition,
    arn,
    identityArn: arn,
    userId: user.userId,
    secretAccessKey: user.secretAccessKey,
    session: undefined,
    userName: user.name,
    policies: Object.values(user.policies),
  }
}

function sessionPrincipal(identities: Identities, session: Session): Principal | undefined {
  const account = identities.accounts.get(session.accountId)
  const role = identities.roles.get(roleKey(session.accountId, session.roleName))
  if (!account || !role) return undefined
  return {
    accountId: session.accountId,
    partition: account.partition,
    arn: `arn:${account.partition}:sts::${session.accountId}:assumed-role/${role.name}/${session.sessionName}`,
    identityArn: roleArn(role, account.partition),
    userId: `${role.roleId}:${session.sessionName}`,
    secretAccessKey: session.secretAccessKey,
    session,
    userName: undefined,
    policies: Object.values(role.policies),
  }
}

/** The condition keys that every request of a principal has. */
export function globalKeys(principal: Principal, caller: Caller): ConditionKeys {
  const now = new Date()
  const { session } = principal
  return conditionKeys({
    'aws:PrincipalArn': principal.identityArn,
    'aws:PrincipalAccount': principal.accountId,
    'aws:PrincipalType': session ? 'AssumedRole' : 'User',
    'aws:userid': principal.userId,
    'aws:username': principal.userName,
    'aws:RequestedRegion': caller.region,
    'aws:SourceIp': caller.sourceIp,
    'aws:SecureTransport': 'false',
    'aws:PrincipalIsAWSService': 'false',
    'aws:CurrentTime': now.toISOString(),
    'aws:EpochTime': String(Math.floor(now.getTime() / 1000)),
    'aws:TokenIssueTime': session && new Date(session.issuedAtMs).toISOString(),
    ...session?.federatedKeys,
  })
}
