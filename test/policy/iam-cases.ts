// biome-ignore-all lint/suspicious/noTemplateCurlyInString: IAM spells its policy variables so.
import fc from 'fast-check'

const ACTIONS = [
  's3:GetObject',
  's3:PutObject',
  's3:ListBucket',
  'glue:GetTable',
  'glue:CreateTable',
  'athena:StartQueryExecution',
]

const RESOURCES = [
  'arn:aws:s3:::acme',
  'arn:aws:s3:::acme/export/part-1.parquet',
  'arn:aws:s3:::acme/home/ann/x',
  'arn:aws-cn:s3:::acme/export/a:b',
  'arn:aws:glue:eu-west-1:123456789012:table/export/invoices',
  'arn:aws:glue:eu-west-1:123456789012:database/export',
  'arn:aws:glue:eu-west-1:123456789012:catalog',
  'arn:aws:athena:us-east-1:123456789012:workgroup/primary',
]

const actionPattern = fc.constantFrom(
  ...ACTIONS,
  '*',
  's3:*',
  's3:Get*',
  'S3:getobject',
  's3:?etObject',
  'glue:*Table',
  'glue:Get*',
  'athena:*',
  'athena:Start*',
)

const resourcePattern = fc.constantFrom(
  ...RESOURCES,
  '*',
  'arn:aws:s3:::acme/*',
  'arn:aws:s3:::acme*',
  'arn:*:s3:::acme/*',
  'arn:aws:s3:::acme/export/part-?.parquet',
  'arn:aws:s3:::acme/home/${aws:username}/*',
  "arn:aws:s3:::acme/home/${aws:username, 'ann'}/*",
  'arn:aws:glue:*:123456789012:table/export/*',
  'arn:aws:glue:*:123456789012:*',
  'arn:aws:glue:*:*:database/*',
  'arn:aws:athena:*:123456789012:workgroup/primary',
  'arn:aws:athena:eu-*:123456789012:workgroup/*',
)

const some = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | Value[]> =>
  fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }))

/** Operators by the kind of values that they compare, each with the key that it is asked for and values to compare with. */
const CONDITION_KINDS = [
  {
    operators: [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    key: 'aws:username',
    values: ['ann', 'Ann', 'bob', 'a*', '?nn', '${aws:username}'],
  },
  {
    operators: [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
    key: 's3:max-keys',
    values: ['0', '10', '100', '10.0'],
  },
  {
    operators: [
      'DateEquals',
      'DateNotEquals',
      'DateLessThan',
      'DateLessThanEquals',
      'DateGreaterThan',
      'DateGreaterThanEquals',
    ],
    key: 'aws:CurrentTime',
    values: ['2026-01-01T00:00:00Z', '2026-06-01T12:00:00Z', '2027-01-01T00:00:00Z'],
  },
  { operators: ['Bool'], key: 'aws:SecureTransport', values: ['true', 'false'] },
  {
    operators: ['IpAddress', 'NotIpAddress'],
    key: 'aws:SourceIp',
    values: ['10.0.0.0/8', '10.1.2.3/32', '192.168.0.0/16', '2001:db8::/32'],
  },
  {
    operators: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
    key: 'aws:PrincipalArn',
    values: [
      'arn:aws:iam::123456789012:user/ann',
      'arn:aws:iam::*:user/*',
      'arn:aws:iam::123456789012:role/transfer',
    ],
  },
  { operators: ['Null'], key: 'aws:username', values: ['true', 'false'] },
] as const

const scalarCondition = fc.constantFrom(...CONDITION_KINDS).chain(kind =>
  fc
    .tuple(
      fc.constantFrom(...kind.operators),
      fc.boolean(),
      fc.uniqueArray(fc.constantFrom(...kind.values), {
        minLength: 1,
        maxLength: kind.operators[0] === 'Null' ? 1 : 2,
      }),
    )
    .map(([operator, ifExists, values]) => ({
      [ifExists && operator !== 'Null' ? `${operator}IfExists` : operator]: { [kind.key]: values },
    })),
)

const setCondition = fc
  .tuple(
    fc.constantFrom('ForAnyValue', 'ForAllValues'),
    fc.constantFrom('StringEquals', 'StringNotEquals', 'StringLike', 'StringNotLike'),
    fc.uniqueArray(fc.constantFrom('red', 'green', 'blue', 'gr*'), { minLength: 1, maxLength: 2 }),
  )
  .map(([quantifier, operator, values]) => ({ [`${quantifier}:${operator}`]: { 'aws:TagKeys': values } }))

const condition = fc
  .array(fc.oneof(scalarCondition, setCondition), { minLength: 1, maxLength: 2 })
  .map(blocks => Object.assign({}, ...blocks))

const statement = fc
  .record({
    Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
    action: some(actionPattern),
    notAction: fc.boolean(),
    resource: some(resourcePattern),
    notResource: fc.integer({ min: 0, max: 3 }),
    Condition: fc.option(condition, { nil: undefined }),
  })
  .map(({ Effect, action, notAction, resource, notResource, Condition }) => ({
    Effect,
    ...(notAction ? { NotAction: action } : { Action: action }),
    ...(notResource === 0 ? { NotResource: resource } : { Resource: resource }),
    ...(Condition === undefined ? {} : { Condition }),
  }))

/** One to two policies of up to four statements, in the language of 2012. */
const policies = fc.array(
  fc.record({
    Version: fc.constant('2012-10-17'),
    Statement: fc.array(statement, { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 2 },
)

const keys = fc.record(
  {
    'aws:username': fc.constantFrom('ann', 'Ann', 'bob', 'export'),
    's3:max-keys': fc.constantFrom('0', '10', '99', '1000'),
    'aws:CurrentTime': fc.constantFrom(
      '2026-01-01T00:00:00Z',
      '2026-06-01T12:00:00Z',
      '2026-12-31T23:59:59Z',
    ),
    'aws:SecureTransport': fc.constantFrom('true', 'false'),
    'aws:SourceIp': fc.constantFrom('10.1.2.3', '192.168.7.7', '8.8.8.8', '2001:db8::1'),
    'aws:PrincipalArn': fc.constantFrom(
      'arn:aws:iam::123456789012:user/ann',
      'arn:aws:iam::123456789012:role/transfer',
    ),
    'aws:TagKeys': fc.uniqueArray(fc.constantFrom('red', 'green', 'blue', 'grey'), {
      minLength: 1,
      maxLength: 3,
    }),
  },
  { requiredKeys: [] },
)

/**
 * Policies with one request to them. Left out is the one question that AWS's documents leave open, and on which the
 * independent evaluator answers differently for resources of different services: a `NotResource` whose variable has no value.
 */
export const iamCase = fc
  .record({
    policies,
    request: fc.record({
      action: fc.constantFrom(...ACTIONS),
      resource: fc.constantFrom(...RESOURCES),
      keys,
    }),
  })
  .filter(({ policies: asked, request }) => {
    const hasVariable = JSON.stringify(asked.map(policy => policy.Statement.map(excluded))).includes(
      UNRESOLVED,
    )
    return request.keys['aws:username'] !== undefined || !hasVariable
  })

/** Begins a variable that has no default. */
const UNRESOLVED = '{aws:username}'

function excluded(one: object): unknown {
  return 'NotResource' in one ? one.NotResource : undefined
}
