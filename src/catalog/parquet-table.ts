import type { TableInput } from './glue-port.ts'

/** An external table over a folder of Parquet files. */
export interface ParquetTable {
  readonly name: string
  readonly description: string
  /** `s3://…/`, with the trailing slash. */
  readonly location: string
  readonly columns: readonly { readonly name: string; readonly type: string; readonly comment?: string }[]
  /** Marks the table as ours; the sweeper deletes nothing without them. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Glue's entry for an external Parquet table, as Athena itself would write it. No partitions: the policy grants none. */
export function parquetTableInput(table: ParquetTable): TableInput {
  return {
    Name: table.name,
    Description: table.description,
    TableType: 'EXTERNAL_TABLE',
    Parameters: { EXTERNAL: 'TRUE', classification: 'parquet', ...table.parameters },
    PartitionKeys: [],
    StorageDescriptor: {
      Columns: table.columns.map(({ name, type, comment }) => ({
        Name: name,
        Type: type,
        ...(comment === undefined ? {} : { Comment: comment }),
      })),
      Location: table.location,
      InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
      OutputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
      SerdeInfo: {
        SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
        Parameters: { 'serialization.format': '1' },
      },
    },
  }
}
