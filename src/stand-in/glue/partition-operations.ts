import { z } from 'zod'
import { columnStatisticsSchema, foldedName, pageSchema, partitionInputSchema } from './inputs.ts'
import { type GlueOperation, operation } from './operations.ts'
import { cutPage } from './paging.ts'
import {
  batchCreatePartition,
  batchGetPartition,
  batchUpdatePartition,
  createPartition,
  deletePartition,
  getPartition,
  getPartitions,
  type TableNames,
  updatePartition,
} from './partitions.ts'
import { deleteColumnStatistics, getColumnStatistics, updateColumnStatistics } from './statistics.ts'

const ofTable = { DatabaseName: foldedName, TableName: foldedName }

const values = z.array(z.string()).min(1)

const columnNames = z.array(z.string()).min(1).max(100)

const segmentSchema = z
  .object({ SegmentNumber: z.int().min(0), TotalSegments: z.int().min(1).max(10) })
  .transform(segment => ({ number: segment.SegmentNumber, total: segment.TotalSegments }))

function namesOf(input: { DatabaseName: string; TableName: string }): TableNames {
  return { database: input.DatabaseName, table: input.TableName }
}

/** Operations on partitions and on column statistics. */
export const PARTITION_OPERATIONS: Readonly<Record<string, GlueOperation>> = {
  GetPartitions: operation(
    {
      ...ofTable,
      ...pageSchema,
      Expression: z.string().exactOptional(),
      Segment: segmentSchema.exactOptional(),
    },
    (context, input) => {
      const filter = { expression: input.Expression, segment: input.Segment }
      const page = cutPage(getPartitions(context, namesOf(input), filter), input)
      return { Partitions: page.items, ...page.next }
    },
  ),
  GetPartition: operation({ ...ofTable, PartitionValues: values }, (context, input) => ({
    Partition: getPartition(context, namesOf(input), input.PartitionValues),
  })),
  BatchGetPartition: operation(
    { ...ofTable, PartitionsToGet: z.array(z.object({ Values: values })).max(1000) },
    (context, input) =>
      batchGetPartition(
        context,
        namesOf(input),
        input.PartitionsToGet.map(entry => entry.Values),
      ),
  ),
  CreatePartition: operation({ ...ofTable, PartitionInput: partitionInputSchema }, (context, input) =>
    createPartition(context, namesOf(input), input.PartitionInput),
  ),
  BatchCreatePartition: operation(
    { ...ofTable, PartitionInputList: z.array(partitionInputSchema).max(100) },
    (context, input) => batchCreatePartition(context, namesOf(input), input.PartitionInputList),
  ),
  UpdatePartition: operation(
    { ...ofTable, PartitionValueList: values, PartitionInput: partitionInputSchema },
    (context, input) =>
      updatePartition(context, namesOf(input), input.PartitionValueList, input.PartitionInput),
  ),
  BatchUpdatePartition: operation(
    {
      ...ofTable,
      Entries: z
        .array(z.object({ PartitionValueList: values, PartitionInput: partitionInputSchema }))
        .max(100),
    },
    (context, input) => {
      const changes = input.Entries.map(entry => ({
        values: entry.PartitionValueList,
        input: entry.PartitionInput,
      }))
      return batchUpdatePartition(context, namesOf(input), changes)
    },
  ),
  DeletePartition: operation({ ...ofTable, PartitionValues: values }, (context, input) =>
    deletePartition(context, namesOf(input), input.PartitionValues),
  ),
  GetColumnStatisticsForTable: operation({ ...ofTable, ColumnNames: columnNames }, (context, input) =>
    getColumnStatistics(context, namesOf(input), input.ColumnNames),
  ),
  UpdateColumnStatisticsForTable: operation(
    { ...ofTable, ColumnStatisticsList: z.array(columnStatisticsSchema) },
    (context, input) => updateColumnStatistics(context, namesOf(input), input.ColumnStatisticsList),
  ),
  DeleteColumnStatisticsForTable: operation({ ...ofTable, ColumnName: z.string() }, (context, input) =>
    deleteColumnStatistics(context, namesOf(input), input.ColumnName),
  ),
  GetColumnStatisticsForPartition: operation(
    { ...ofTable, PartitionValues: values, ColumnNames: columnNames },
    (context, input) =>
      getColumnStatistics(context, { ...namesOf(input), values: input.PartitionValues }, input.ColumnNames),
  ),
  UpdateColumnStatisticsForPartition: operation(
    { ...ofTable, PartitionValues: values, ColumnStatisticsList: z.array(columnStatisticsSchema) },
    (context, input) =>
      updateColumnStatistics(
        context,
        { ...namesOf(input), values: input.PartitionValues },
        input.ColumnStatisticsList,
      ),
  ),
  DeleteColumnStatisticsForPartition: operation(
    { ...ofTable, PartitionValues: values, ColumnName: z.string() },
    (context, input) =>
      deleteColumnStatistics(context, { ...namesOf(input), values: input.PartitionValues }, input.ColumnName),
  ),
}
