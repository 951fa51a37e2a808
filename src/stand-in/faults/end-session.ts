import type { Clock } from '../clock.ts'
import { type Identities, roleKey } from '../iam/identities.ts'
import { permissionPolicySchema } from '../iam/policy.ts'
import type { Verified } from '../sigv4/verify.ts'
import type { FaultSite } from './run-with-faults.ts'

/** How the session behind a call can be ended; nothing for users, whose keys do not expire. */
export function sessionEnds(
  { identities, clock }: { readonly identities: Identities; readonly clock: Clock },
  { principal }: Verified,
): Pick<FaultSite, 'expire' | 'revoke'> {
  const { session } = principal
  if (!session) return {}
  return {
    expire: () => identities.sessions.set(session.accessKeyId, { ...session, expiresAtMs: clock.nowMs() }),
    revoke: async () => {
      const key = roleKey(session.accountId, session.roleName)
      const role = identities.roles.get(key)
      if (!role) return
      const policies = { ...role.policies, AWSRevokeOlderSessions: olderSessionsRevoked(clock) }
      await identities.roles.set(key, { ...role, policies, trustPolicy: TRUSTS_NOBODY })
    },
  }
}

const TRUSTS_NOBODY = { Version: '2012-10-17', Statement: [] } as const satisfies {
  Version: string
  Statement: []
}

/** The policy that IAM's console attaches to revoke a role's active sessions. */
function olderSessionsRevoked(clock: Clock) {
  const time = new Date(clock.nowMs()).toISOString()
  return permissionPolicySchema.parse({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Action: ['*'],
        Resource: ['*'],
        Condition: { DateLessThan: { 'aws:TokenIssueTime': time } },
      },
    ],
  })
}
