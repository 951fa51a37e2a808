import { z } from 'zod'

/**
 * A row that does not fit its model, and why. It can hold values of the customer's data, so it goes to two places only:
 * whole, into the customer's own bucket; and of a model that fails for it, the first few as a short excerpt into the error.
 */
export const rejectedRowSchema = z.object({
  file: z.string(),
  /** 1-based; the row's number for Parquet. */
  line: z.number(),
  /** Absent when the row as a whole cannot be read. */
  column: z.string().optional(),
  /** Where the value lies inside of a nested one, from the column's name on: `items[3].price`. */
  path: z.string().optional(),
  /** The first 100 characters. */
  value: z.string().optional(),
  reason: z.string(),
})

/** A row as `rejectedRowSchema` reads it. */
export type RejectedRow = Readonly<z.output<typeof rejectedRowSchema>>

/** How many rows of a model may be rejected before it fails: as many as both limits allow. */
export interface RejectedRowLimits {
  readonly maxCount: number | undefined
  /** Of the rows read, 0 to 1; known once all were read. */
  readonly maxShare: number | undefined
}

/** Limits as a model declares them. Without either no row may be rejected; with one the other does not count. */
export const rejectedRowLimitsSchema = z
  .strictObject({
    maxCount: z.int().min(0).optional(),
    maxShare: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .meta({ description: 'Of the rows read, those outside of the window not among them, 0 to 1.' }),
  })
  .prefault({})
  .transform(
    ({ maxCount, maxShare }): RejectedRowLimits => ({
      maxCount: maxCount ?? (maxShare === undefined ? 0 : undefined),
      maxShare,
    }),
  )
