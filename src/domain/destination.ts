import { z } from 'zod'
import { secretReferenceSchema } from './secret-reference.ts'

const roleArnSchema = z
  .string()
  .regex(/^arn:aws(-cn|-us-gov)?:iam::\d{12}:role\/.+$/, 'expected arn:aws:iam::<account>:role/<name>')

const folderSchema = z
  .string()
  .regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/, 'expected letters, digits, "_", "-", "." and single "/"')
  .refine(folder => !folder.split('/').some(part => /^\.+$/.test(part)), 'has a part of dots alone')
  .max(255)

/** Session length limits of STS, in seconds: 15 minutes to 12 hours, default 1 hour. */
const sessionDurationSchema = z.int().min(900).max(43_200).default(3600)

const accessSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('web-identity'),
    roleArn: roleArnSchema,
    audience: z.string().min(1).optional().meta({
      description:
        "Audience of the Google ID token, one per organisation: the trust policy's accounts.google.com:oaud.",
    }),
    sessionDurationSeconds: sessionDurationSchema,
  }),
  z.strictObject({
    type: z.literal('access-key'),
    accessKeyId: secretReferenceSchema,
    secretAccessKey: secretReferenceSchema,
  }),
  z.strictObject({
    type: z.literal('assume-role'),
    roleArn: roleArnSchema,
    externalId: z.string().min(2).max(1224),
    sessionDurationSeconds: sessionDurationSchema,
  }),
])

/** A destination's name: in Redis's keys and in messages it stands for itself, so it has no separator in it. */
export const destinationNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'expected lower-case letters, digits, "_" and "-", at most 63')

/** A customer's bucket, folders, workgroup and access. One destination never sees another. */
export const destinationSchema = z.strictObject({
  name: destinationNameSchema,
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected an S3 bucket name'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected an AWS region such as eu-west-1'),
  database: folderSchema.meta({
    description:
      'Folder in the bucket for query results, as <database>/athena_output/. Not the Glue database.',
  }),
  schema: z
    .string()
    .regex(
      /^[a-z0-9_]{1,255}$/,
      'expected lower-case letters, digits and "_": it names the Glue database too',
    )
    .meta({ description: "Folder in the bucket for the data, and the Glue database's name." }),
  workgroup: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, 'expected letters, digits, ".", "_" and "-", at most 128')
    .default('primary'),
  access: accessSchema,
  models: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: 'Models to transfer. Default: all.' }),
})

/** A validated destination. */
export type Destination = z.output<typeof destinationSchema>

/** The account that the role is in; with access keys it is not known. */
export function accountIdOf({ access }: Pick<Destination, 'access'>): string | undefined {
  return access.type === 'access-key' ? undefined : access.roleArn.split(':')[4]
}

/** Names what AWS's limits of an account and region are shared by: a destination whose account is not known counts alone. */
export function quotaScopeOf(destination: Destination): string {
  return `${accountIdOf(destination) ?? `destination-${destination.name}`}:${destination.region}`
}

/** Names the workgroup, as no other account or region has it. */
export function workgroupScopeOf(destination: Destination): string {
  return `${quotaScopeOf(destination)}:${destination.workgroup}`
}
