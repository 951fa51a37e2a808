import { z } from 'zod'

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform(value => (Array.isArray(value) ? value : [value]))

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)

const conditionValues = z
  .union([scalar, z.array(scalar)])
  .transform(value => (Array.isArray(value) ? value : [value]))

/** Who a statement names, by kind. */
export interface Principals {
  readonly AWS: readonly string[]
  readonly Federated: readonly string[]
  readonly Service: readonly string[]
}

const principalSchema = z.union([
  z.literal('*').transform((): Principals => ({ AWS: ['*'], Federated: [], Service: [] })),
  z
    .strictObject({
      AWS: oneOrMore.optional(),
      Federated: oneOrMore.optional(),
      Service: oneOrMore.optional(),
    })
    .transform(
      (principal): Principals => ({
        AWS: principal.AWS ?? [],
        Federated: principal.Federated ?? [],
        Service: principal.Service ?? [],
      }),
    ),
])

const statementSchema = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: principalSchema.optional(),
    Action: oneOrMore.optional(),
    NotAction: oneOrMore.optional(),
    Resource: oneOrMore.optional(),
    NotResource: oneOrMore.optional(),
    Condition: z.record(z.string(), z.record(z.string(), conditionValues)).optional(),
  })
  .refine(statement => (statement.Action === undefined) !== (statement.NotAction === undefined), {
    message: 'a statement has either Action or NotAction',
  })

const statementsSchema = z
  .union([statementSchema, z.array(statementSchema)])
  .transform(value => (Array.isArray(value) ? value : [value]))

const documentSchema = z.strictObject({
  /** Without it IAM takes the older version, in which `${…}` is plain text. */
  Version: z.enum(['2012-10-17', '2008-10-17']).default('2008-10-17'),
  Id: z.string().optional(),
  Statement: statementsSchema,
})

/** A permission policy: every statement names resources and no principal. */
export const permissionPolicySchema = documentSchema.refine(
  document =>
    document.Statement.every(
      statement =>
        statement.Principal === undefined &&
        (statement.Resource === undefined) !== (statement.NotResource === undefined),
    ),
  { message: 'each statement of a permission policy has either Resource or NotResource, and no Principal' },
)

/** A role's trust policy: every statement names principals and no resource. */
export const trustPolicySchema = documentSchema.refine(
  document =>
    document.Statement.every(
      statement =>
        statement.Principal !== undefined &&
        statement.Resource === undefined &&
        statement.NotResource === undefined,
    ),
  { message: 'each statement of a trust policy has a Principal and no Resource' },
)

/** A validated policy document; what IAM lets be one string or a list is a list. */
export type PolicyDocument = z.output<typeof documentSchema>

/** One statement of a validated policy. */
export type PolicyStatement = PolicyDocument['Statement'][number]
