import { z } from 'zod'

/** Longest name in Glue, in characters. */
const MAX_NAME_LENGTH = 255

/** Longest column comment and description, in characters. */
const MAX_COMMENT_LENGTH = 255
const MAX_DESCRIPTION_LENGTH = 2048

/** A name as Glue stores it: folded to lower case. Line breaks are not allowed. */
export const foldedName = z
  .string()
  .min(1)
  .max(MAX_NAME_LENGTH)
  .regex(/^[^\n\r]*$/)
  .transform(name => name.toLowerCase())

const texts = z.record(z.string(), z.string())

const columnSchema = z.object({
  Name: z.string().min(1).max(MAX_NAME_LENGTH),
  Type: z.string().max(131_072).exactOptional(),
  Comment: z.string().max(MAX_COMMENT_LENGTH).exactOptional(),
  Parameters: texts.exactOptional(),
})

/** `StorageDescriptor`, with the defaults that Glue fills in. */
const storageDescriptorSchema = z.object({
  Columns: z.array(columnSchema).exactOptional(),
  Location: z.string().max(2056).exactOptional(),
  AdditionalLocations: z.array(z.string()).exactOptional(),
  InputFormat: z.string().max(128).exactOptional(),
  OutputFormat: z.string().max(128).exactOptional(),
  Compressed: z.boolean().default(false),
  NumberOfBuckets: z.int().default(0),
  SerdeInfo: z
    .object({
      Name: z.string().max(MAX_NAME_LENGTH).exactOptional(),
      SerializationLibrary: z.string().exactOptional(),
      Parameters: texts.exactOptional(),
    })
    .exactOptional(),
  BucketColumns: z.array(z.string()).exactOptional(),
  SortColumns: z.array(z.object({ Column: z.string(), SortOrder: z.int() })).default([]),
  Parameters: texts.exactOptional(),
  SkewedInfo: z.unknown().exactOptional(),
  SchemaReference: z.unknown().exactOptional(),
  StoredAsSubDirectories: z.boolean().default(false),
})

/** `TableInput`; members that Glue does not know are dropped, as AWS does. */
export const tableInputSchema = z.object({
  Name: foldedName,
  Description: z.string().max(MAX_DESCRIPTION_LENGTH).exactOptional(),
  Owner: z.string().max(MAX_NAME_LENGTH).exactOptional(),
  LastAccessTime: z.number().exactOptional(),
  LastAnalyzedTime: z.number().exactOptional(),
  Retention: z.int().min(0).default(0),
  StorageDescriptor: storageDescriptorSchema.exactOptional(),
  PartitionKeys: z.array(columnSchema).exactOptional(),
  ViewOriginalText: z.string().max(409_600).exactOptional(),
  ViewExpandedText: z.string().max(409_600).exactOptional(),
  TableType: z.string().max(MAX_NAME_LENGTH).exactOptional(),
  Parameters: texts.exactOptional(),
  TargetTable: z.unknown().exactOptional(),
})

/** `DatabaseInput`. */
export const databaseInputSchema = z.object({
  Name: foldedName,
  Description: z.string().max(MAX_DESCRIPTION_LENGTH).exactOptional(),
  LocationUri: z.string().max(1024).exactOptional(),
  Parameters: texts.exactOptional(),
  CreateTableDefaultPermissions: z.array(z.unknown()).exactOptional(),
})

/** `PartitionInput`. */
export const partitionInputSchema = z.object({
  Values: z.array(z.string().max(1024)).min(1),
  LastAccessTime: z.number().exactOptional(),
  StorageDescriptor: storageDescriptorSchema.exactOptional(),
  Parameters: texts.exactOptional(),
})

/** `ColumnStatistics`, kept as sent. */
export const columnStatisticsSchema = z.looseObject({ ColumnName: z.string().min(1), ColumnType: z.string() })

/** What every request may name: whose catalog it means. */
export const catalogIdSchema = z.string().exactOptional()

/** A page: Glue's `NextToken` and `MaxResults` (1 to 100). */
export const pageSchema = {
  NextToken: z.string().exactOptional(),
  MaxResults: z.int().min(1).max(1000).exactOptional(),
}

export type TableInput = z.output<typeof tableInputSchema>
export type DatabaseInput = z.output<typeof databaseInputSchema>
export type PartitionInput = z.output<typeof partitionInputSchema>
export type ColumnStatistics = z.output<typeof columnStatisticsSchema>
