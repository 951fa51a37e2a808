import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PermissionPolicy } from '../support/customer.ts'
import { startStandIn, type TestStandIn } from '../support/stand-in.ts'
import { CHECKED_PAIRS } from './checked-pairs.ts'
import { report } from './report.ts'
import { type Ending, GOOD_ENDING, type PrintedError, playScene, setScene } from './scenario.ts'

let standIn: TestStandIn
const used = new Set<string>()
const lines: string[] = []
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(async () => {
  await standIn.stop()
  report([`${'grant'.padEnd(34)} used needed error when missing`, ...lines].join('\n'))
})

const REGIONS = [
  { partition: 'aws', region: 'eu-west-1' },
  { partition: 'aws-cn', region: 'cn-north-1' },
  { partition: 'aws-us-gov', region: 'us-gov-west-1' },
]

it.each(REGIONS)('the whole product does its job under the contract in $partition', async place => {
  const scene = await setScene(standIn, { region: place.region })
  await standIn.clearAudit()
  const ending = await playScene(scene)
  const entries = await standIn.audit({ accountId: scene.customer.accountId })
  const actions = new Set(entries.map(entry => entry.action))
  const granted = scene.customer.policy.Statement.flatMap(statement => statement.Action)
  for (const action of actions) used.add(action)
  report(
    `${place.partition}: ${granted.filter(action => actions.has(action)).length} of ${granted.length} granted actions used: ${granted.filter(action => actions.has(action)).join(' ')}`,
  )

  expect(ending).toEqual(GOOD_ENDING)
  expect(entries.filter(entry => !entry.allowed)).toEqual([])
  expect(entries.filter(entry => !entry.resource.startsWith(`arn:${place.partition}:`))).toEqual([])
  expect([...actions].filter(action => !granted.includes(action))).toEqual(['sts:AssumeRoleWithWebIdentity'])
  expect([...actions].filter(action => !(action in CHECKED_PAIRS))).toEqual([])
  await scene.workspace.remove()
})

/** What happens without an action: the error names it, or the transfer does without. */
type Without = 'denied' | 'left behind' | 'survives'

const ACTIONS: Readonly<Record<string, Without>> = {
  'athena:GetQueryResults': 'denied',
  'athena:StartQueryExecution': 'denied',
  'athena:StartSession': 'survives',
  'athena:GetDatabase': 'survives',
  'athena:GetDataCatalog': 'survives',
  'athena:GetWorkGroup': 'survives',
  'athena:GetTableMetadata': 'survives',
  'athena:GetQueryExecution': 'denied',
  'glue:GetDatabases': 'survives',
  'glue:GetDatabase': 'denied',
  'glue:GetTables': 'survives',
  'glue:GetTable': 'denied',
  'glue:GetPartitions': 'survives',
  'glue:CreateTable': 'denied',
  'glue:CreateDatabase': 'denied',
  'glue:UpdateTable': 'denied',
  'glue:DeleteTable': 'left behind',
  's3:PutObject': 'denied',
  's3:ListBucket': 'denied',
  's3:GetBucketLocation': 'denied',
  's3:GetObject': 'denied',
  's3:DeleteObject': 'left behind',
}

it('knows what happens without each granted action', async () => {
  const { customer, workspace } = await setScene(standIn)
  const granted = customer.policy.Statement.flatMap(statement => statement.Action)

  expect(Object.keys(ACTIONS).sort()).toEqual(granted.toSorted())
  await workspace.remove()
})

it.each(Object.entries(ACTIONS))('without %s: %s', async (action, without) => {
  const { ending, refused } = await playWithout(statement => ({
    ...statement,
    Action: statement.Action.filter(granted => granted !== action),
  }))
  tell(action, without === 'denied', ending)

  if (without === 'denied') expectNamed(ending, action)
  else expect(ending).toEqual(GOOD_ENDING)
  const expected = without === 'denied' || without === 'left behind' || action === 'athena:GetWorkGroup'
  expect([...new Set(refused)]).toEqual(expected ? [action] : [])
})

const RESOURCES: readonly (readonly [ending: string, action: string])[] = [
  [':workgroup/primary', 'athena:StartQueryExecution'],
  [':catalog', 'glue:GetDatabase'],
  [':database/acme_export', 'glue:GetDatabase'],
  [':database/default', 'glue:GetDatabase'],
  [':table/acme_export/*', 'glue:GetTable'],
  ['athena', 's3:GetBucketLocation'],
  ['-athena/*', 's3:PutObject'],
]

it.each(RESOURCES)('without the resource …%s the error names %s', async (suffix, action) => {
  const { ending } = await playWithout(statement => ({
    ...statement,
    Resource: statement.Resource.filter(arn => !arn.endsWith(suffix)),
  }))
  tell(`…${suffix}`, true, ending)

  expectNamed(ending, action)
})

/** The scenario under the contract's policy, each statement changed; one that has nothing left is left out. */
async function playWithout(
  change: (statement: PermissionPolicy['Statement'][number]) => PermissionPolicy['Statement'][number],
): Promise<{ readonly ending: Ending; readonly refused: readonly string[] }> {
  const scene = await setScene(standIn, {
    editPolicy: policy => ({
      ...policy,
      Statement: policy.Statement.map(change).filter(one => one.Action.length > 0 && one.Resource.length > 0),
    }),
  })
  const ending = await playScene(scene)
  const entries = await standIn.audit({ accountId: scene.customer.accountId, allowed: 'false' })
  await scene.workspace.remove()
  return { ending, refused: entries.map(entry => entry.action) }
}

function errorIn(ending: Ending): PrintedError | undefined {
  return 'error' in ending ? ending.error : undefined
}

function tell(grant: string, isNeeded: boolean, ending: Ending): void {
  const error = errorIn(ending)
  const shown = error ? `${error.code}: ${error.message.slice(error.message.indexOf('does not allow'))}` : '–'
  const isUsed = used.has(grant) || grant.startsWith('…')
  lines.push(
    `${grant.padEnd(34)} ${(isUsed ? 'yes' : 'no').padEnd(4)} ${(isNeeded ? 'yes' : 'no').padEnd(6)} ${shown}`,
  )
}

function expectNamed(ending: Ending, action: string): void {
  const error = errorIn(ending)
  expect(error).toMatchObject({ code: 'ACCESS_DENIED', owner: 'customer' })
  expect(error?.message).toContain(`does not allow ${action} on arn:aws:`)
  expect(error?.hint).toMatch(new RegExp(`adds this statement .*"${action}"`))
}
