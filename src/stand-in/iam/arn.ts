/** AWS's partitions that are imitated: the public one, China and GovCloud. */
export type Partition = 'aws' | 'aws-cn' | 'aws-us-gov'

/** The partition that a region lies in. */
export function partitionOf(region: string): Partition {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/** A bucket's ARN, or with a key the object's. It has neither region nor account. */
export function s3Arn(region: string, bucket: string, key?: string): string {
  const name = key === undefined ? bucket : `${bucket}/${key}`
  return `arn:${partitionOf(region)}:s3:::${name}`
}

/** Glue's ARN of a resource such as `catalog`, `database/x` or `table/x/y`. */
export function glueArn(region: string, accountId: string, resource: string): string {
  return `arn:${partitionOf(region)}:glue:${region}:${accountId}:${resource}`
}
