import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { TokenRequest } from '../support/stand-in.ts'
import { startStandIn, type TestStandIn } from '../support/stand-in.ts'
import { report } from './report.ts'
import { errorOf, GOOD_ENDING, playScene, type Scene, setScene } from './scenario.ts'

let standIn: TestStandIn
const told: string[] = []
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(async () => {
  await standIn.stop()
  report(['Destinations in trouble:', ...told].join('\n'))
})

interface Trouble {
  readonly what: string
  readonly cause: (scene: Scene) => Promise<unknown>
  readonly code: string
  /** In the message. */
  readonly names: RegExp
  /** In the hint. */
  readonly asks: RegExp
}

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

const workgroup =
  (settings: object) =>
  ({ customer }: Scene): Promise<unknown> =>
    standIn.admin('PUT', `workgroups/${customer.accountId}/primary`, { region: customer.region, ...settings })

const token =
  (request: Partial<TokenRequest>) =>
  async ({ customer, workspace }: Scene): Promise<void> =>
    writeFile(join(workspace.folder, 'identity-token'), await customer.mintToken(request))

/** Writes the destination anew, some of its members changed. */
const destination =
  (changed: object) =>
  ({ customer, workspace }: Scene): Promise<void> => {
    const { bucket, region, database, schema, roleArn, audience } = customer
    const access = { type: 'web-identity', roleArn, audience }
    return writeFile(
      join(workspace.folder, 'destinations/acme.yaml'),
      stringify({ bucket, region, database, schema, access, ...changed }),
    )
  }

const TROUBLES: readonly Trouble[] = [
  {
    what: 'a workgroup that enforces its output',
    cause: workgroup({ enforcesConfiguration: true, outputLocation: 's3://elsewhere/results/' }),
    code: 'WORKGROUP_OUTPUT_ENFORCED',
    names: /workgroup "primary" .*s3:\/\/elsewhere\/results\//,
    asks: /override of client-side settings/,
  },
  {
    what: 'managed query results',
    cause: workgroup({ managesResults: true }),
    code: 'WORKGROUP_MANAGES_RESULTS',
    names: /workgroup "primary"/,
    asks: /managed query results/,
  },
  {
    what: 'a disabled workgroup',
    cause: workgroup({ state: 'DISABLED' }),
    code: 'WORKGROUP_DISABLED',
    names: /workgroup "primary" is disabled/,
    asks: /Turn the workgroup on/,
  },
  {
    what: 'engine version 2',
    cause: workgroup({ engineVersion: 2 }),
    code: 'WORKGROUP_ENGINE_OUTDATED',
    names: /Athena engine version 2/,
    asks: /engine version 3/,
  },
  {
    what: 'a scan cut-off',
    cause: workgroup({ scanLimitBytes: 1 }),
    code: 'SCAN_LIMIT_EXCEEDED',
    names: /Bytes scanned limit was exceeded/,
    asks: /data limit per query/,
  },
  {
    what: 'a bucket in another region',
    cause: destination({ region: 'us-west-2' }),
    code: 'BUCKET_REGION_WRONG',
    names: /is in region eu-west-1, not in us-west-2/,
    asks: /destination's region/,
  },
  {
    what: 'a bucket with a customer-managed key',
    cause: ({ customer: { bucket, accountId, region } }) =>
      standIn.admin('PUT', `buckets/${bucket}`, {
        accountId,
        region,
        kmsKeyArn: KEY.replace('111122223333', accountId),
      }),
    code: 'ENCRYPTION_KEY_DENIED',
    names: /does not allow kms:GenerateDataKey/,
    asks: /"Action":\["kms:GenerateDataKey","kms:Decrypt"\],"Resource":\["arn:aws:kms:eu-west-1:/,
  },
  {
    what: 'a database under Lake Formation',
    cause: ({ customer: { accountId, region, schema } }) =>
      standIn.admin('PUT', `lake-formation/${accountId}/${schema}`, { region }),
    code: 'LAKE_FORMATION_DENIED',
    names: /Lake Formation, which governs database "acme_export"/,
    asks: /in Lake Formation/,
  },
  {
    what: '`schema` and `database` swapped',
    cause: destination({ schema: 'acme_results', database: 'acme_export' }),
    code: 'SCHEMA_DATABASE_SWAPPED',
    names: /is for "acme_export"/,
    asks: /Exchange `schema`/,
  },
  {
    what: 'a trust policy with another `sub`',
    cause: token({ subject: '999' }),
    code: 'ROLE_NOT_ASSUMABLE',
    names: /role arn:aws:iam::\d+:role\/transfer-role cannot be assumed/,
    asks: /"accounts\.google\.com:sub":"999"/,
  },
  {
    what: 'a trust policy with another `oaud`',
    cause: token({ audience: 'https://somebody.else' }),
    code: 'ROLE_NOT_ASSUMABLE',
    names: /role arn:aws:iam::\d+:role\/transfer-role cannot be assumed/,
    asks: /"accounts\.google\.com:oaud":"https:\/\/somebody\.else"/,
  },
  {
    what: 'an expired token',
    cause: token({ expiresInSeconds: -60 }),
    code: 'IDENTITY_TOKEN_UNAVAILABLE',
    names: /Token expired/,
    asks: /identity token source/,
  },
]

it.each(TROUBLES)(
  '$what is told as $code, with whose move it is',
  async ({ what, cause, code, names, asks }) => {
    const scene = await setScene(standIn)
    await cause(scene)
    const error = errorOf(await scene.workspace.cli('run', 'acme'))
    told.push(`${what.padEnd(40)} ${String(error?.code).padEnd(28)} ${error?.hint.slice(0, 110)}`)

    expect(error?.code).toBe(code)
    expect(error?.message).toMatch(names)
    expect(error?.hint).toMatch(asks)
    await scene.workspace.remove()
  },
)

it('a database in Lake Formation that is granted to the role works', async () => {
  const scene = await setScene(standIn)
  const { accountId, region, schema, roleArn } = scene.customer
  await standIn.admin('PUT', `lake-formation/${accountId}/${schema}`, { region, grantedTo: [roleArn] })

  expect(await playScene(scene)).toEqual(GOOD_ENDING)
  await scene.workspace.remove()
})

it('a workgroup that enforces an output in the same bucket works', async () => {
  const scene = await setScene(standIn)
  const outputLocation = `s3://${scene.customer.bucket}/anywhere/`
  await workgroup({ enforcesConfiguration: true, outputLocation })(scene)

  expect(await playScene(scene)).toEqual(GOOD_ENDING)
  await scene.workspace.remove()
})

it('the statement to paste for a customer-managed key is enough', async () => {
  const scene = await setScene(standIn)
  const { accountId, bucket, region, policy } = scene.customer
  const key = KEY.replace('111122223333', accountId)
  await standIn.admin('PUT', `buckets/${bucket}`, { accountId, region, kmsKeyArn: key })
  const Action = ['kms:GenerateDataKey', 'kms:Decrypt']
  const statement = { Sid: 'AllowKey', Effect: 'Allow', Action, Resource: [key] }
  await scene.customer.setPolicy({ ...policy, Statement: [...policy.Statement, statement] })

  expect(await playScene(scene)).toEqual(GOOD_ENDING)
  await scene.workspace.remove()
})
