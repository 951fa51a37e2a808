import { randomBytes, randomInt } from 'node:crypto'
import { z } from 'zod'
import type { TestStandIn, TokenRequest } from './stand-in.ts'

/** What may differ between customers; every member has a default that is unique to the customer. */
export interface CustomerOptions {
  readonly accountId?: string
  readonly region?: string
  readonly bucket?: string
  readonly schema?: string
  readonly database?: string
  readonly workgroup?: string
  /** Audience of the customer's tokens: the trust policy's `accounts.google.com:oaud`. */
  readonly audience?: string
  /** Changes the permission policy before it is attached, for instance to leave a statement out. */
  readonly editPolicy?: (policy: PermissionPolicy) => PermissionPolicy
}

/** A permission policy as JSON. */
export interface PermissionPolicy {
  readonly Version: string
  readonly Statement: readonly {
    readonly Sid: string
    readonly Effect: string
    readonly Action: readonly string[]
    readonly Resource: readonly string[]
  }[]
}

/** A customer with account, bucket and role, as the stand-in knows it. */
export interface Customer {
  readonly accountId: string
  readonly region: string
  readonly bucket: string
  readonly schema: string
  readonly database: string
  readonly workgroup: string
  readonly roleName: string
  readonly roleArn: string
  readonly audience: string
  /** The service account's id, which the trust policy names as `accounts.google.com:sub`. */
  readonly subject: string
  readonly policy: PermissionPolicy
  /** A Google ID token that the trust policy accepts; members of `request` replace its claims. */
  mintToken(request?: Partial<TokenRequest>): Promise<string>
  /** Attaches another permission policy in place of the present one. */
  setPolicy(policy: PermissionPolicy): Promise<void>
  /** Makes an IAM user of the same account with the same policy. */
  createUser(name: string): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>
}

/** The service account that the local identity provider speaks for. */
const SERVICE_ACCOUNT_SUBJECT = '104729000000000000001'

const ROLE_NAME = 'transfer-role'

const POLICY_NAME = 'athena-transfer'

/** Makes a customer: account, bucket, and a role with the contract's two policies. */
export async function createCustomer(standIn: TestStandIn, options: CustomerOptions = {}): Promise<Customer> {
  const settings = withDefaults(options)
  const { accountId, bucket, region, audience } = settings
  const contract = permissionPolicy(settings)
  const policy = options.editPolicy?.(contract) ?? contract
  await standIn.admin('PUT', `accounts/${accountId}`, { partition: partitionOf(region) })
  await standIn.admin('PUT', `buckets/${bucket}`, { accountId, region })
  await standIn.admin('PUT', `workgroups/${accountId}/${settings.workgroup}`, { region })
  const role = await standIn.admin('PUT', `roles/${accountId}/${ROLE_NAME}`, {
    trustPolicy: trustPolicy(SERVICE_ACCOUNT_SUBJECT, audience),
    policies: { [POLICY_NAME]: policy },
    maxSessionDurationSeconds: 43_200,
  })
  return {
    ...settings,
    roleName: ROLE_NAME,
    roleArn: arnSchema.parse(role).arn,
    subject: SERVICE_ACCOUNT_SUBJECT,
    policy,
    mintToken: request => standIn.mintToken({ audience, ...request }),
    setPolicy: async changed =>
      void (await standIn.admin('PUT', `roles/${accountId}/${ROLE_NAME}/policies/${POLICY_NAME}`, changed)),
    async createUser(name) {
      const made = await standIn.admin('PUT', `users/${accountId}/${name}`, {
        policies: { [POLICY_NAME]: policy },
      })
      return keysSchema.parse(made)
    },
  }
}

const arnSchema = z.object({ arn: z.string() })

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

function withDefaults(options: CustomerOptions) {
  const unique = randomBytes(4).toString('hex')
  return {
    accountId: options.accountId ?? String(randomInt(100_000_000_000, 281_000_000_000)),
    region: options.region ?? 'eu-west-1',
    bucket: options.bucket ?? `acme-${unique}-athena`,
    schema: options.schema ?? 'acme_export',
    database: options.database ?? 'acme_results',
    workgroup: options.workgroup ?? 'primary',
    audience: options.audience ?? `https://transfer.example/organisations/${unique}`,
  }
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** The trust policy that the product prints: the service account and the organisation's audience. */
export function trustPolicy(subject: string, audience: string): unknown {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRoleWithWebIdentity'],
        Principal: { Federated: 'accounts.google.com' },
        Condition: {
          StringEquals: { 'accounts.google.com:sub': subject, 'accounts.google.com:oaud': audience },
        },
      },
    ],
  }
}

/** The permission policy that customers attach, to the letter. */
const PERMISSION_POLICY = `{"Version":"2012-10-17","Statement":[
 {"Sid":"AllowAthenaAccess","Effect":"Allow",
  "Action":["athena:GetQueryResults","athena:StartQueryExecution","athena:StartSession","athena:GetDatabase",
            "athena:GetDataCatalog","athena:GetWorkGroup","athena:GetTableMetadata","athena:GetQueryExecution"],
  "Resource":["arn:aws:athena:*:ACCOUNT_ID:workgroup/WORKGROUP"]},
 {"Sid":"AllowGlueAccessToDestinationDatabaseAndTables","Effect":"Allow",
  "Action":["glue:GetDatabases","glue:GetDatabase","glue:GetTables","glue:GetTable","glue:GetPartitions",
            "glue:CreateTable","glue:CreateDatabase","glue:UpdateTable","glue:DeleteTable"],
  "Resource":["arn:aws:glue:*:ACCOUNT_ID:catalog","arn:aws:glue:*:ACCOUNT_ID:database/SCHEMA",
              "arn:aws:glue:*:ACCOUNT_ID:database/default","arn:aws:glue:*:ACCOUNT_ID:table/SCHEMA/*"]},
 {"Sid":"AllowS3AccessToBucket","Effect":"Allow",
  "Action":["s3:PutObject","s3:ListBucket","s3:GetBucketLocation","s3:GetObject","s3:DeleteObject"],
  "Resource":["arn:aws:s3:::BUCKET_NAME","arn:aws:s3:::BUCKET_NAME/*"]}]}`

const policySchema = z.object({
  Version: z.string(),
  Statement: z.array(
    z.object({
      Sid: z.string(),
      Effect: z.string(),
      Action: z.array(z.string()),
      Resource: z.array(z.string()),
    }),
  ),
})

/** The permission policy with a customer's names filled in, in the partition of its region. */
export function permissionPolicy(names: {
  readonly accountId: string
  readonly workgroup: string
  readonly bucket: string
  readonly schema: string
  readonly region: string
}): PermissionPolicy {
  const text = PERMISSION_POLICY.replaceAll('ACCOUNT_ID', names.accountId)
    .replaceAll('WORKGROUP', names.workgroup)
    .replaceAll('BUCKET_NAME', names.bucket)
    .replaceAll('SCHEMA', names.schema)
    .replaceAll('arn:aws:', `arn:${partitionOf(names.region)}:`)
  return policySchema.parse(JSON.parse(text))
}
