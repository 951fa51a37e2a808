import type { Model } from '../domain/model.ts'
import { formatPartitionField, type PartitionField } from '../domain/partition-field.ts'

/** The partitions that the model asks for, by names of the tables. */
export function partitionsOfModel(model: Model): readonly PartitionField[] {
  return model.partitionBy.map(field => ({
    ...field,
    column: model.columns.find(({ name }) => name === field.column)?.tableName ?? field.column,
  }))
}

/** What to tell where a table is not partitioned as its model says: Athena has no statement that changes it. */
export function partitioningNotice(model: Model, table: readonly PartitionField[]): readonly string[] {
  const [found, wanted] = [table, partitionsOfModel(model)].map(shown)
  if (found === wanted) return []
  return [
    `the table is partitioned by ${found} and stays so, the model says ${wanted}; Athena cannot change partitions: drop the table, and the next transfer makes it anew and fills it`,
  ]
}

function shown(fields: readonly PartitionField[]): string {
  return fields.length === 0 ? 'nothing' : fields.map(field => formatPartitionField(field)).join(', ')
}
