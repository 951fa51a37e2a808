import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Identities, Role, Session } from '../iam/identities.ts'
import type { PolicyDocument } from '../iam/policy.ts'

/** What a new session is for. */
export interface SessionRequest {
  readonly role: Role
  readonly sessionName: string
  readonly durationSeconds: number
  readonly sessionPolicy: PolicyDocument | undefined
  readonly federatedKeys: Readonly<Record<string, string>>
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** An identifier such as `ASIA` plus 16 characters, as AWS makes them. */
export function newUniqueId(prefix: 'ASIA' | 'AKIA' | 'AROA' | 'AIDA'): string {
  return prefix + [...randomBytes(16)].map(byte => BASE32[byte % 32]).join('')
}

/** Makes and keeps temporary credentials; resolves when a restart would find them. */
export async function createSession(
  { identities, clock }: { readonly identities: Identities; readonly clock: Clock },
  request: SessionRequest,
): Promise<Session> {
  const issuedAtMs = Math.floor(clock.nowMs() / 1000) * 1000
  const session: Session = {
    accessKeyId: newUniqueId('ASIA'),
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: `IQoJ${randomBytes(240).toString('base64')}`,
    accountId: request.role.accountId,
    roleName: request.role.name,
    sessionName: request.sessionName,
    issuedAtMs,
    expiresAtMs: issuedAtMs + request.durationSeconds * 1000,
    federatedKeys: { ...request.federatedKeys },
    ...(request.sessionPolicy && { sessionPolicy: request.sessionPolicy }),
  }
  await identities.sessions.set(session.accessKeyId, session)
  return session
}
