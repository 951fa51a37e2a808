import { partitionOf } from '../../iam/arn.ts'
import type { Caller } from '../../services.ts'

/** The ARN that actions on a workgroup and its queries are authorised on. */
export function workgroupArn(caller: Caller, workgroup: string): string {
  return athenaArn(caller, `workgroup/${workgroup}`)
}

/** The ARN that reading metadata through Athena is authorised on. */
export function dataCatalogArn(caller: Caller, catalog: string): string {
  return athenaArn(caller, `datacatalog/${catalog}`)
}

function athenaArn(caller: Caller, resource: string): string {
  return `arn:${partitionOf(caller.region)}:athena:${caller.region}:${caller.accountId}:${resource}`
}
