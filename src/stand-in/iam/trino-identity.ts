import { randomBytes } from 'node:crypto'
import type { Identities } from './identities.ts'

/** Name of the user that Trino signs as; seen in the audit, never given out. */
const NAME = 'stand-in-trino'

/** Keys of Trino's own identity in an account, made anew at each start: it may do all that Glue and S3 have. */
export async function trinoIdentity(
  identities: Identities,
  accountId: string,
): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }> {
  const old = [...identities.users.values()].filter(
    user => user.accountId === accountId && user.name === NAME,
  )
  for (const user of old) await identities.users.delete(user.accessKeyId)
  const accessKeyId = `AKIA${randomBytes(8).toString('hex').toUpperCase()}`
  const secretAccessKey = randomBytes(20).toString('hex')
  await identities.users.set(accessKeyId, {
    accountId,
    name: NAME,
    userId: `AIDA${randomBytes(8).toString('hex').toUpperCase()}`,
    accessKeyId,
    secretAccessKey,
    policies: {
      all: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: ['glue:*', 's3:*'], Resource: ['*'] }],
      },
    },
  })
  return { accessKeyId, secretAccessKey }
}
