import { TransferError } from '../domain/errors.ts'
import type { AthenaPort, WorkGroup } from './athena-port.ts'

/** The workgroup to look at, and what it has to be good for. */
interface WorkgroupPlace {
  readonly name: string
  readonly workgroup: string
  readonly bucket: string
}

/** The engine that has MERGE for Iceberg tables. */
const ENGINE = 'Athena engine version 3'

/**
 * Looks at the workgroup before a transfer asks anything of it. Where it may not be read nothing is known and nothing is
 * refused: what is wrong then shows with the first statement.
 *
 * @throws {TransferError} `WORKGROUP_DISABLED`, `WORKGROUP_ENGINE_OUTDATED`, `WORKGROUP_MANAGES_RESULTS`,
 * `WORKGROUP_OUTPUT_ENFORCED`; `DESTINATION_UNUSABLE` when there is none by that name.
 */
export async function checkWorkgroup(athena: AthenaPort, place: WorkgroupPlace): Promise<void> {
  const workgroup = await readWorkgroup(athena, place)
  const refuse = (code: ConstructorParameters<typeof TransferError>[0], what: string): never => {
    const message = `destination "${place.name}": workgroup "${place.workgroup}" ${what}`
    throw new TransferError(code, message, {
      details: { destination: place.name, workgroup: place.workgroup },
    })
  }
  if (workgroup?.State === 'DISABLED') refuse('WORKGROUP_DISABLED', 'is disabled')
  const { EngineVersion, ManagedQueryResultsConfiguration, ...configuration } = workgroup?.Configuration ?? {}
  const engine = EngineVersion?.EffectiveEngineVersion ?? ENGINE
  if (engine !== ENGINE) refuse('WORKGROUP_ENGINE_OUTDATED', `runs ${engine}`)
  if (ManagedQueryResultsConfiguration?.Enabled)
    refuse('WORKGROUP_MANAGES_RESULTS', 'keeps query results itself, so none can be written into the bucket')
  const output = configuration.ResultConfiguration?.OutputLocation
  if (!configuration.EnforceWorkGroupConfiguration || output === undefined) return
  if (!output.startsWith(`s3://${place.bucket}/`))
    refuse('WORKGROUP_OUTPUT_ENFORCED', `makes all queries write their results to ${output}`)
}

async function readWorkgroup(athena: AthenaPort, place: WorkgroupPlace): Promise<WorkGroup | undefined> {
  try {
    return (await athena.getWorkGroup({ WorkGroup: place.workgroup })).WorkGroup
  } catch (thrown) {
    if (thrown instanceof TransferError && thrown.code === 'ACCESS_DENIED') return undefined
    if (!(thrown instanceof Error) || thrown.name !== 'InvalidRequestException') throw thrown
    throw new TransferError(
      'DESTINATION_UNUSABLE',
      `destination "${place.name}": workgroup "${place.workgroup}": ${thrown.message}`,
      { cause: thrown, details: { destination: place.name, workgroup: place.workgroup } },
    )
  }
}
