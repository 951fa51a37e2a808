import { z } from 'zod'
import { faultSchema } from '../faults/fault.ts'
import { accountIdSchema, accountSchema, roleSchema, userSchema } from '../iam/identities.ts'
import { isBucketName } from '../s3/buckets.ts'

/** A bucket to make. */
export const bucketRequest = z.strictObject({
  name: z.string().refine(isBucketName, 'expected an S3 bucket name'),
  accountId: accountIdSchema,
  region: z.string().min(1),
  kmsKeyArn: z.string().startsWith('arn:').optional(),
})

/** An account to make; the partition is `aws` unless told. */
export const accountRequest = accountSchema.extend({
  partition: accountSchema.shape.partition.default('aws'),
})

/** A role to make or replace. */
export const roleRequest = roleSchema.omit({ roleId: true })

/** A user to make or replace; keys are made up when none are given. */
export const userRequest = userSchema
  .omit({ userId: true })
  .partial({ accessKeyId: true, secretAccessKey: true })

/** A token to mint, as Google would for a service account. */
export const tokenRequest = z.strictObject({
  audience: z.string().min(1),
  subject: z.string().min(1).optional(),
  /** The `azp` claim; `null` leaves it out. Default: the subject. */
  authorizedParty: z.string().nullable().optional(),
  email: z.string().optional(),
  issuer: z.string().optional(),
  /** Zero or less for a token that has expired. Default 3600. */
  expiresInSeconds: z.int().default(3600),
})

/** How far the stand-in's clock is ahead of the machine's, in milliseconds; a day either way at most. */
export const clockRequest = z.strictObject({ offsetMs: z.int().min(-86_400_000).max(86_400_000) })

/** The audit's query string. */
export const auditQuery = z.object({
  accountId: z.string().optional(),
  action: z.string().optional(),
  resource: z.string().optional(),
  allowed: z
    .enum(['true', 'false'])
    .transform(text => text === 'true')
    .optional(),
})

/** Which sessions to end at once; all of them without a member. */
export const expiryRequest = z.strictObject({
  accountId: accountIdSchema.optional(),
  accessKeyId: z.string().optional(),
})

/** A workgroup to make or replace; the rest of it is Athena's part to read. */
export const workgroupRequest = z.looseObject({
  accountId: accountIdSchema,
  region: z.string().min(1),
  name: z.string().min(1),
})

/** A Glue database that Lake Formation governs, and the ARNs of roles and users that it grants everything in it. */
export const lakeFormationRequest = z.strictObject({
  accountId: accountIdSchema,
  region: z.string().min(1),
  name: z.string().min(1),
  grantedTo: z.array(z.string()).default([]),
})

/** What a seed file holds: the bodies of the admin API, in the order in which they are applied. */
export const seedSchema = z.strictObject({
  accounts: z.array(accountRequest).default([]),
  buckets: z.array(bucketRequest).default([]),
  users: z.array(userRequest).default([]),
  roles: z.array(roleRequest).default([]),
  workgroups: z.array(workgroupRequest).default([]),
  lakeFormation: z.array(lakeFormationRequest).default([]),
  faults: z.array(faultSchema).default([]),
})

export type Seed = z.output<typeof seedSchema>
