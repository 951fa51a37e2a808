import { CONFIG_KINDS, type ConfigKind, jsonSchemaOf } from '../config/json-schema.ts'
import { destinationNamed } from '../config/load-config.ts'
import { settingsSchema, variableOf } from '../config/settings.ts'
import { TransferError } from '../domain/errors.ts'
import { permissionPolicy, trustPolicy } from '../domain/permission-policy.ts'
import { type Context, composed } from './context.ts'

/** Prints the permission policy that the customer attaches. */
export async function policyCommand(
  context: Context,
  destinationName: string,
  accountId?: string,
): Promise<number> {
  const { config } = await composed(context)
  const destination = destinationNamed(config, destinationName)
  const { access } = destination
  const account =
    accountId ??
    (access.type === 'access-key' ? 'ACCOUNT_ID' : (access.roleArn.split(':')[4] ?? 'ACCOUNT_ID'))
  return print(context, permissionPolicy({ ...destination, accountId: account }))
}

/** Prints the trust policy of the role that a destination assumes by web identity. */
export async function trustPolicyCommand(context: Context, destinationName: string): Promise<number> {
  const { settings, config } = await composed(context)
  const { access, name } = destinationNamed(config, destinationName)
  const subject = settings.identitySubject
  if (access.type !== 'web-identity' || subject === undefined) {
    const needed =
      subject === undefined
        ? `${variableOf(settingsSchema.shape.identitySubject)} is not set`
        : `its access is ${access.type}`
    throw new TransferError(
      'CONFIG_INVALID',
      `destination "${name}": a trust policy needs web identity and a subject; ${needed}`,
    )
  }
  return print(
    context,
    trustPolicy({ subject, ...(access.audience === undefined ? {} : { audience: access.audience }) }),
  )
}

/** Prints the JSON Schema of one kind of configuration file. */
export async function schemaCommand(context: Context, kind: string): Promise<number> {
  if (!isKind(kind)) {
    throw new TransferError(
      'CONFIG_INVALID',
      `no schema "${kind}"; there are: ${Object.keys(CONFIG_KINDS).join(', ')}`,
    )
  }
  return print(context, jsonSchemaOf(kind))
}

function isKind(kind: string): kind is ConfigKind {
  return kind in CONFIG_KINDS
}

/** Documents to paste are JSON for people, too. */
function print(context: Context, document: object): number {
  context.output.result(document, () => JSON.stringify(document, null, 2))
  return 0
}
