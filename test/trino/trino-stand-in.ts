import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Athena } from '@aws-sdk/client-athena'
import { S3 } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { createCustomer } from '../support/customer.ts'
import { SHARED_TRINO, type StandInStart, startStandIn, type TestStandIn } from '../support/stand-in.ts'
import { PLACE } from './place.ts'
import { runStatement } from './run-statement.ts'

/** A stand-in with the Trino engine, one bucket and the database `acme`. */
export interface TrinoStandIn {
  readonly standIn: TestStandIn
  /** A user who may do everything, but what each of these statements denies. */
  createAnalyst(name: string, ...denied: readonly Denied[]): Promise<Analyst>
  /** Where the stand-in's Trino listens. */
  trinoUrl(): Promise<string>
}

/** Actions that nobody else's grant gives back. */
export interface Denied {
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

/** A user's clients. */
export interface Analyst {
  readonly athena: Athena
  readonly s3: S3
}

/** Starts it; whoever asked stops it through `standIn`. */
export async function startTrinoStandIn(start?: StandInStart): Promise<TrinoStandIn> {
  const standIn = await startStandIn('trino', start)
  await createCustomer(standIn, PLACE)
  const lane: TrinoStandIn = {
    standIn,
    async createAnalyst(name, ...denied) {
      const allow = { Effect: 'Allow', Action: ['athena:*', 'glue:*', 's3:*'], Resource: ['*'] }
      const deny = denied.map(one => ({ Effect: 'Deny', Action: one.actions, Resource: one.resources }))
      const policies = { analyst: { Version: '2012-10-17', Statement: [allow, ...deny] } }
      const made = await standIn.admin('PUT', `users/${PLACE.accountId}/${name}`, { policies })
      const shared = { region: PLACE.region, endpoint: standIn.url, credentials: keysSchema.parse(made) }
      return { athena: new Athena(shared), s3: new S3({ ...shared, forcePathStyle: true }) }
    },
    async trinoUrl() {
      const shared = process.env[SHARED_TRINO]
      if (shared !== undefined) return shared
      const text = await readFile(join(standIn.dataDir, 'trino/config.properties'), 'utf8')
      return z.url().parse(/^discovery\.uri=(.*)$/m.exec(text)?.[1])
    },
  }
  const { athena } = await lane.createAnalyst('owner')
  await runStatement(athena, `CREATE DATABASE ${PLACE.schema}`)
  return lane
}

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })
