/** An IAM policy document as plain data. */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly PolicyStatement[]
}

/** One statement of a policy document. */
export interface PolicyStatement {
  readonly Sid?: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource?: readonly string[]
  readonly Principal?: Readonly<Record<string, string>>
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What the policies of one destination depend on. */
export interface PolicyPlace {
  readonly region: string
  readonly accountId: string
  readonly workgroup: string
  readonly bucket: string
  readonly schema: string
}

/** `aws`, `aws-cn` or `aws-us-gov`, by the region's prefix. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/**
 * The permission policy that the customer attaches: all that this product needs, no more.
 * The actions and resources are the contract with the customer, to the letter; some of Athena's are listed for
 * compatibility with policies in use and never called.
 */
export function permissionPolicy(place: PolicyPlace): PolicyDocument {
  const partition = partitionOf(place.region)
  const glue = `arn:${partition}:glue:*:${place.accountId}`
  const bucket = `arn:${partition}:s3:::${place.bucket}`
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AllowAthenaAccess',
        Effect: 'Allow',
        Action: [
          'athena:GetQueryResults',
          'athena:StartQueryExecution',
          'athena:StartSession',
          'athena:GetDatabase',
          'athena:GetDataCatalog',
          'athena:GetWorkGroup',
          'athena:GetTableMetadata',
          'athena:GetQueryExecution',
        ],
        Resource: [`arn:${partition}:athena:*:${place.accountId}:workgroup/${place.workgroup}`],
      },
      {
        Sid: 'AllowGlueAccessToDestinationDatabaseAndTables',
        Effect: 'Allow',
        Action: [
          'glue:GetDatabases',
          'glue:GetDatabase',
          'glue:GetTables',
          'glue:GetTable',
          'glue:GetPartitions',
          'glue:CreateTable',
          'glue:CreateDatabase',
          'glue:UpdateTable',
          'glue:DeleteTable',
        ],
        Resource: [
          `${glue}:catalog`,
          `${glue}:database/${place.schema}`,
          `${glue}:database/default`,
          `${glue}:table/${place.schema}/*`,
        ],
      },
      {
        Sid: 'AllowS3AccessToBucket',
        Effect: 'Allow',
        Action: ['s3:PutObject', 's3:ListBucket', 's3:GetBucketLocation', 's3:GetObject', 's3:DeleteObject'],
        Resource: [bucket, `${bucket}/*`],
      },
    ],
  }
}

/**
 * The trust policy that lets our Google service account assume the role. With an audience it is bound to one
 * organisation; without, any tenant's role that trusts the same account could be named by another tenant.
 */
export function trustPolicy(identity: {
  readonly subject: string
  readonly audience?: string
}): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRoleWithWebIdentity'],
        Principal: { Federated: 'accounts.google.com' },
        Condition: {
          StringEquals: {
            'accounts.google.com:sub': identity.subject,
            ...(identity.audience === undefined ? {} : { 'accounts.google.com:oaud': identity.audience }),
          },
        },
      },
    ],
  }
}

/** The statement of the permission policy that grants an action, or one that grants just this action and resource. */
export function statementGranting(action: string, resource: string, policy: PolicyDocument): PolicyStatement {
  const granting = policy.Statement.find(statement => statement.Action.includes(action))
  return granting ?? { Effect: 'Allow', Action: [action], Resource: [resource] }
}
