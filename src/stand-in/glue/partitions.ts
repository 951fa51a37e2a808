import { AwsError } from '../services.ts'
import { authorizeGlue, type GlueContext, requireTable } from './access.ts'
import { alreadyExists, entityNotFound, invalidInput } from './errors.ts'
import type { PartitionInput } from './inputs.ts'
import { epochSeconds, type PartitionRecord, recordKey, recordsUnder, type TableRecord } from './store.ts'

/** The table that a request about partitions names. */
export interface TableNames {
  readonly database: string
  readonly table: string
}

/** Authorises a request about partitions on its table and returns it. */
function openTable(context: GlueContext, action: string, names: TableNames): TableRecord {
  authorizeGlue(context, action, names)
  return requireTable(context, names.database, names.table)
}

function partitionKey(context: GlueContext, names: TableNames, values: readonly string[]): string {
  return recordKey(context.scope, names.database, names.table, JSON.stringify(values))
}

/** GetPartitions, optionally one of several segments. Filter expressions are refused, as they are not imitated. */
export function getPartitions(
  context: GlueContext,
  names: TableNames,
  filter: {
    readonly expression?: string | undefined
    readonly segment?: { number: number; total: number } | undefined
  },
): readonly PartitionRecord[] {
  openTable(context, 'GetPartitions', names)
  if (filter.expression !== undefined && filter.expression !== '')
    throw invalidInput('Partition filter expressions are not supported (local stand-in).')
  const all = recordsUnder(context.store.partitions, context.scope, names.database, names.table)
  const { number, total } = filter.segment ?? { number: 0, total: 1 }
  return all.filter((_, index) => index % total === number).map(([, partition]) => partition)
}

/** GetPartition. */
export function getPartition(
  context: GlueContext,
  names: TableNames,
  values: readonly string[],
): PartitionRecord {
  openTable(context, 'GetPartition', names)
  return requirePartition(context, names, values)
}

function requirePartition(
  context: GlueContext,
  names: TableNames,
  values: readonly string[],
): PartitionRecord {
  const partition = context.store.partitions.get(partitionKey(context, names, values))
  if (!partition) throw entityNotFound('Cannot find partition.')
  return partition
}

/** BatchGetPartition: missing partitions are left out. */
export function batchGetPartition(
  context: GlueContext,
  names: TableNames,
  list: readonly (readonly string[])[],
): { Partitions: unknown[]; UnprocessedKeys: [] } {
  openTable(context, 'BatchGetPartition', names)
  const found = list.flatMap(
    values => context.store.partitions.get(partitionKey(context, names, values)) ?? [],
  )
  return { Partitions: found, UnprocessedKeys: [] }
}

/** CreatePartition. */
export async function createPartition(
  context: GlueContext,
  names: TableNames,
  input: PartitionInput,
): Promise<void> {
  const table = openTable(context, 'CreatePartition', names)
  await addPartition(context, names, table, input)
}

async function addPartition(
  context: GlueContext,
  names: TableNames,
  table: TableRecord,
  input: PartitionInput,
): Promise<void> {
  if (input.Values.length !== (table.PartitionKeys?.length ?? 0))
    throw invalidInput('The number of partition keys do not match the number of partition values')
  const key = partitionKey(context, names, input.Values)
  if (context.store.partitions.has(key)) throw alreadyExists('Partition')
  await context.store.partitions.set(key, {
    ...input,
    DatabaseName: names.database,
    TableName: names.table,
    CreationTime: epochSeconds(),
    CatalogId: context.scope.catalogId,
  })
}

/** BatchCreatePartition: what fails is reported, the rest is made. */
export async function batchCreatePartition(
  context: GlueContext,
  names: TableNames,
  inputs: readonly PartitionInput[],
): Promise<{ Errors: unknown[] }> {
  const table = openTable(context, 'BatchCreatePartition', names)
  return collectErrors(
    inputs,
    input => addPartition(context, names, table, input),
    input => ({
      PartitionValues: input.Values,
    }),
  )
}

/** UpdatePartition: replaces the entry; new values move it. */
export async function updatePartition(
  context: GlueContext,
  names: TableNames,
  values: readonly string[],
  input: PartitionInput,
): Promise<void> {
  const table = openTable(context, 'UpdatePartition', names)
  await replacePartition(context, names, table, { values, input })
}

async function replacePartition(
  context: GlueContext,
  names: TableNames,
  table: TableRecord,
  change: { readonly values: readonly string[]; readonly input: PartitionInput },
): Promise<void> {
  const { values, input } = change
  const current = requirePartition(context, names, values)
  if (JSON.stringify(values) !== JSON.stringify(input.Values)) {
    await addPartition(context, names, table, input)
    await context.store.partitions.delete(partitionKey(context, names, values))
    return
  }
  const { DatabaseName, TableName, CreationTime, CatalogId } = current
  await context.store.partitions.set(partitionKey(context, names, values), {
    ...input,
    DatabaseName,
    TableName,
    CreationTime,
    CatalogId,
  })
}

/** BatchUpdatePartition: what fails is reported, the rest is replaced. */
export async function batchUpdatePartition(
  context: GlueContext,
  names: TableNames,
  changes: readonly { readonly values: readonly string[]; readonly input: PartitionInput }[],
): Promise<{ Errors: unknown[] }> {
  const table = openTable(context, 'BatchUpdatePartition', names)
  return collectErrors(
    changes,
    change => replacePartition(context, names, table, change),
    change => ({
      PartitionValueList: change.values,
    }),
  )
}

/** DeletePartition. */
export async function deletePartition(
  context: GlueContext,
  names: TableNames,
  values: readonly string[],
): Promise<void> {
  openTable(context, 'DeletePartition', names)
  requirePartition(context, names, values)
  await context.store.partitions.delete(partitionKey(context, names, values))
}

async function collectErrors<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
  identify: (item: Item) => Readonly<Record<string, unknown>>,
): Promise<{ Errors: unknown[] }> {
  const errors: unknown[] = []
  for (const item of items) {
    try {
      await work(item)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      errors.push({ ...identify(item), ErrorDetail: { ErrorCode: error.code, ErrorMessage: error.message } })
    }
  }
  return { Errors: errors }
}
