import { z } from 'zod'
import { secretReferenceSchema } from './secret-reference.ts'

/** A place that models read their rows from. */
export const sourceSchema = z.strictObject({
  name: z.string().min(1).meta({ description: 'What models call it.' }),
  type: z.literal('files'),
  base: z.string().min(1).meta({
    description:
      'A folder (relative to the configuration folder), https://host/path/ or s3://bucket/prefix/.',
  }),
  s3: z
    .strictObject({
      region: z.string().min(1),
      endpoint: z.url().optional(),
      accessKeyId: secretReferenceSchema.optional(),
      secretAccessKey: secretReferenceSchema.optional(),
    })
    .optional()
    .meta({ description: "Access to an s3:// base. Without keys: the worker's own AWS credentials." }),
})

/** A validated source. */
export type Source = z.output<typeof sourceSchema>
