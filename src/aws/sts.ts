import { type AssumeRoleResponse, STS } from '@aws-sdk/client-sts'
import { type AwsCredentials, CONNECTION } from './clients.ts'

/** Attempts of one STS call within the SDK; then the failure is the caller's. */
const MAX_ATTEMPTS = 4

/** The two ways to a role that this product uses. Throws the SDK's own exceptions. */
export interface Sts {
  assumeRoleWithWebIdentity(request: {
    readonly RoleArn: string
    readonly RoleSessionName: string
    readonly WebIdentityToken: string
    readonly DurationSeconds: number
  }): Promise<AwsCredentials>
  assumeRole(request: {
    readonly RoleArn: string
    readonly RoleSessionName: string
    readonly ExternalId: string
    readonly DurationSeconds: number
  }): Promise<AwsCredentials>
}

/** STS of one region. `AssumeRole` is signed with the worker's own AWS credentials, web identity with none. */
export function createSts(region: string): Sts {
  const client = new STS({ region, maxAttempts: MAX_ATTEMPTS, requestHandler: { ...CONNECTION } })
  return {
    assumeRoleWithWebIdentity: async request =>
      toCredentials(request, Date.now(), await client.assumeRoleWithWebIdentity(request)),
    assumeRole: async request => toCredentials(request, Date.now(), await client.assumeRole(request)),
  }
}

/** The end is told by this machine's clock, which is the one it will be compared with. */
function toCredentials(
  { DurationSeconds }: { readonly DurationSeconds: number },
  askedAtMs: number,
  answer: Pick<AssumeRoleResponse, 'Credentials'>,
): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) {
    throw new Error('STS answered without credentials')
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: new Date(askedAtMs + DurationSeconds * 1000),
  }
}
