import { type GluePort, isNotFound, isTaken } from './glue-port.ts'

/** Makes sure that the Glue database is there. Safe to repeat and to race. */
export async function ensureDatabase(glue: GluePort, name: string): Promise<void> {
  try {
    await glue.getDatabase({ Name: name })
    return
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown
  }
  try {
    await glue.createDatabase({ DatabaseInput: { Name: name, Description: 'Made by athena-transfer' } })
  } catch (thrown) {
    if (!isTaken(thrown)) throw thrown
  }
}
