import type { GlueTable, WritableTable } from './glue-port.ts'

/** All that UpdateTable takes of what GetTable answers; it refuses the rest. */
export function writableFields(table: GlueTable, name: string): WritableTable {
  return {
    Name: name,
    Description: table.Description,
    Owner: table.Owner,
    LastAccessTime: table.LastAccessTime,
    LastAnalyzedTime: table.LastAnalyzedTime,
    Retention: table.Retention,
    StorageDescriptor: table.StorageDescriptor,
    PartitionKeys: table.PartitionKeys,
    ViewOriginalText: table.ViewOriginalText,
    ViewExpandedText: table.ViewExpandedText,
    TableType: table.TableType,
    Parameters: table.Parameters,
    TargetTable: table.TargetTable,
  }
}
