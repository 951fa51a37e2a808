import { readSigningKey } from '../config/read-signing-key.ts'
import { settingsSchema, variableOf } from '../config/settings.ts'
import { TransferError } from '../domain/errors.ts'
import { publicSigningKey } from '../transfer/manifest-signature.ts'
import { type Context, settingsOf } from './context.ts'

/** Prints the public key that customers verify manifests with, and its id. */
export async function manifestKeyCommand(context: Context): Promise<number> {
  const { manifestSigningKey } = settingsOf(context)
  if (manifestSigningKey === undefined) {
    const variable = variableOf(settingsSchema.shape.manifestSigningKey)
    throw new TransferError('CONFIG_INVALID', `${variable} is not set: manifests are not signed`)
  }
  const key = publicSigningKey(await readSigningKey(manifestSigningKey, context.env))
  context.output.result(key, () => key.publicKey.trimEnd())
  return 0
}
