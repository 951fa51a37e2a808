import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'

/** An evaluator of IAM policies that nobody here wrote. */
export interface IamOracle {
  /** `Allowed`, `ExplicitlyDenied` or `ImplicitlyDenied`. */
  evaluate(policies: readonly unknown[], request: OracleRequest): string
  remove(): Promise<void>
}

/** One question, as the oracle takes it. */
export interface OracleRequest {
  readonly action: string
  readonly resource: string
  readonly keys: Readonly<Record<string, string | string[]>>
}

/**
 * The one maintained evaluator on npm. Its licence is AGPL-3.0, so it is no dependency of this package: it is installed
 * into a folder of its own for the time of one run, and removed.
 */
const ORACLE = '@cloud-copilot/iam-simulate'
const VERSION = '0.1.173'

const moduleSchema = z.object({
  runUnsafeSimulation: z.custom<(simulation: unknown, options: object) => unknown>(
    value => typeof value === 'function',
  ),
})

/** Installs the oracle. @throws when it cannot be installed: without it there is no comparison. */
export async function installOracle(): Promise<IamOracle> {
  const folder = await mkdtemp(join(tmpdir(), 'iam-oracle-'))
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  await promisify(execFile)('npm', ['install', '--silent', '--no-audit', `${ORACLE}@${VERSION}`], {
    cwd: folder,
  })
  const entry = createRequire(join(folder, 'package.json')).resolve(ORACLE)
  const { runUnsafeSimulation } = moduleSchema.parse(await import(pathToFileURL(entry).href))
  return {
    evaluate: (policies, request) => String(runUnsafeSimulation(toSimulation(policies, request), {})),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function toSimulation(policies: readonly unknown[], { action, resource, keys }: OracleRequest): object {
  const accountId = '123456789012'
  return {
    request: {
      principal: `arn:aws:iam::${accountId}:user/ann`,
      action,
      resource: { resource, accountId },
      contextVariables: keys,
    },
    identityPolicies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }
}
