import type { Caller, FaultSubject } from '../services.ts'

/** What a caller's call, or his query, is for faults. */
export function subjectOf(caller: Pick<Caller, 'accountId' | 'arn'>, text: string): FaultSubject {
  const [, role] = /:assumed-role\/([^/]+)\//.exec(caller.arn) ?? []
  return { text, accountId: caller.accountId, role }
}

/** What an unsigned request to assume a role is for faults: the account and the name are the role's. */
export function subjectOfRole(roleArn: string | undefined, text: string): FaultSubject {
  const [, accountId, role] = /^arn:[^:]+:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(roleArn ?? '') ?? []
  return { text, accountId, role }
}
