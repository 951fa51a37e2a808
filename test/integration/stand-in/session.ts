import { AthenaClient } from '@aws-sdk/client-athena'
import { GlueClient } from '@aws-sdk/client-glue'
import { S3Client } from '@aws-sdk/client-s3'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Customer } from '../../support/customer.ts'
import type { TestStandIn } from '../../support/stand-in.ts'

/** Keys of a user or a session. */
export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The SDK's clients for one set of keys. A failure is seen at once: they do not retry unless told. */
export interface Clients {
  readonly keys: Keys
  readonly sts: STSClient
  readonly s3: S3Client
  readonly glue: GlueClient
  readonly athena: AthenaClient
}

/** Assumes a customer's role with a fresh token, as the worker does. */
export async function assumeRole(
  standIn: TestStandIn,
  customer: Customer,
  durationSeconds?: number,
): Promise<Keys> {
  const sts = new STSClient({ endpoint: standIn.url, region: customer.region })
  const { Credentials } = await sts.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: customer.roleArn,
      RoleSessionName: 'test',
      WebIdentityToken: await customer.mintToken(),
      ...(durationSeconds !== undefined && { DurationSeconds: durationSeconds }),
    }),
  )
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  }
}

/** Clients that talk to the stand-in with these keys. */
export function clientsWith(
  standIn: Pick<TestStandIn, 'url'>,
  keys: Keys,
  region: string,
  maxAttempts = 1,
): Clients {
  const shared = { endpoint: standIn.url, region, credentials: keys, maxAttempts }
  return {
    keys,
    sts: new STSClient(shared),
    s3: new S3Client({ ...shared, forcePathStyle: true }),
    glue: new GlueClient(shared),
    athena: new AthenaClient(shared),
  }
}

/** Clients of a new session of a customer's role. */
export async function openSession(standIn: TestStandIn, customer: Customer): Promise<Clients> {
  return clientsWith(standIn, await assumeRole(standIn, customer), customer.region)
}
