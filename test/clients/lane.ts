import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { createCustomer } from '../support/customer.ts'
import { startStandIn, type TestStandIn } from '../support/stand-in.ts'
import { TYPED_MODEL } from '../support/typed-model.ts'
import { createWorkspace } from '../support/workspace.ts'

/** A customer whose table `orders` the product has loaded once, and an analyst of theirs with other clients. */
export interface Lane {
  /** The analyst's environment: keys, endpoint, and the names the scripts need. */
  readonly env: Readonly<Record<string, string>>
  /** Lets the product transfer the rows of a file of the lane's folder. */
  transfer(file: string): Promise<void>
  close(): Promise<void>
}

/** Starts a stand-in and transfers `rows.ndjson` of `folder`. */
export async function openLane(folder: string): Promise<Lane> {
  const standIn = await startStandIn()
  const customer = await createCustomer(standIn)
  const workspace = await createWorkspace(standIn, customer)
  const scriptsFolder = join(workspace.folder, 'scripts')
  await mkdir(scriptsFolder)
  await workspace.writeModel('orders', TYPED_MODEL)
  const transfer = async (file: string): Promise<void> => {
    await copyFile(join(folder, file), join(workspace.folder, 'data/rows.ndjson'))
    const { exitCode, stdout, stderr } = await workspace.cli('run', 'acme')
    if (exitCode !== 0) throw new Error(`The transfer of ${file} failed: ${stdout}${stderr}`)
  }
  await transfer('rows.ndjson')
  const analyst = await createAnalyst(standIn, customer.accountId)
  return {
    env: {
      AWS_ENDPOINT_URL: standIn.url,
      AWS_DEFAULT_REGION: customer.region,
      AWS_REGION: customer.region,
      AWS_ACCESS_KEY_ID: analyst.accessKeyId,
      AWS_SECRET_ACCESS_KEY: analyst.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      LANE_BUCKET: customer.bucket,
      LANE_SCHEMA: customer.schema,
      LANE_WORK: scriptsFolder,
    },
    transfer,
    async close() {
      await workspace.remove()
      await standIn.stop()
    },
  }
}

const keysSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })

/** An analyst may do more than the product: the clients list, stop and create on ARNs that the product never needs. */
async function createAnalyst(standIn: TestStandIn, accountId: string): Promise<z.infer<typeof keysSchema>> {
  const statement = { Effect: 'Allow', Action: ['athena:*', 'glue:*', 's3:*'], Resource: '*' }
  const policies = { analyst: { Version: '2012-10-17', Statement: [statement] } }
  return keysSchema.parse(await standIn.admin('PUT', `users/${accountId}/analyst`, { policies }))
}
