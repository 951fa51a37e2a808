import { isNotFound } from '../catalog/glue-port.ts'
import type { Destination } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import { checkWorkgroup } from '../query/check-workgroup.ts'
import type { DestinationClients } from './ports.ts'

/**
 * Looks at what a transfer stands on before it reads a row: the workgroup, and whether the customer's policy is for
 * the destination's `schema`. Two calls, both granted; nothing is changed.
 *
 * @throws {TransferError} of `checkWorkgroup`; `SCHEMA_DATABASE_SWAPPED`, `ACCESS_DENIED`, `LAKE_FORMATION_DENIED`.
 */
export async function checkDestination(
  clients: Pick<DestinationClients, 'athena' | 'glue'>,
  destination: Destination,
): Promise<void> {
  await checkWorkgroup(clients.athena, destination)
  const refused = await refusalOf(clients, destination.schema)
  if (refused === undefined) return
  const mayOther = destination.database !== destination.schema && IS_DATABASE_NAME.test(destination.database)
  if (refused.code !== 'ACCESS_DENIED' || !mayOther) throw refused
  if ((await refusalOf(clients, destination.database)) !== undefined) throw refused
  throw new TransferError(
    'SCHEMA_DATABASE_SWAPPED',
    `destination "${destination.name}": the customer's policy is for "${destination.database}", which the destination has as \`database\`, and not for its \`schema\` "${destination.schema}"`,
    {
      cause: refused,
      details: {
        destination: destination.name,
        schema: destination.schema,
        database: destination.database,
      },
    },
  )
}

/** What Glue takes as a database's name and Athena as a safe one. */
const IS_DATABASE_NAME = /^[a-z0-9_]{1,255}$/

/** Why a database may not be read; undefined when it may, whether it is there or not. */
async function refusalOf(
  { glue }: Pick<DestinationClients, 'glue'>,
  name: string,
): Promise<TransferError | undefined> {
  try {
    await glue.getDatabase({ Name: name })
    return undefined
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    if (thrown instanceof TransferError) return thrown
    throw thrown
  }
}
