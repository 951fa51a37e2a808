import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { Customer } from './customer.ts'
import type { TestStandIn } from './stand-in.ts'

/** How a command ended. */
export interface CommandOutcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A configuration folder for one customer, and the product's command line on it. */
export interface Workspace {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** Writes a model file; `model` as in YAML. */
  writeModel(name: string, model: object): Promise<void>
  /** Writes a file below the source's base. */
  writeData(name: string, data: string | Uint8Array): Promise<string>
  /** Mints a new identity token into the token file, as whoever rotates it would. */
  rotateToken(): Promise<void>
  cli(...args: string[]): Promise<CommandOutcome>
  /** The same with a text as standard input. */
  cliWithInput(input: string, ...args: string[]): Promise<CommandOutcome>
  remove(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Makes a workspace with destination `acme` for the customer and source `files` over `data/`. */
export async function createWorkspace(
  standIn: Pick<TestStandIn, 'url'>,
  customer: Customer,
  options: {
    readonly redisUrl?: string
    readonly dataFolder?: string
    /** Further settings. */
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'workspace-'))
  for (const name of ['destinations', 'sources', 'models', 'data']) await mkdir(join(folder, name))
  const { bucket, region, database, schema, workgroup, roleArn, audience } = customer
  const access = { type: 'web-identity', roleArn, audience }
  await writeFile(
    join(folder, 'destinations/acme.yaml'),
    stringify({ bucket, region, database, schema, workgroup, access }),
  )
  await writeFile(
    join(folder, 'sources/files.yaml'),
    stringify({ type: 'files', base: options.dataFolder ?? 'data' }),
  )
  const tokenFile = join(folder, 'identity-token')
  const rotateToken = async (): Promise<void> => writeFile(tokenFile, await customer.mintToken())
  await rotateToken()
  const env = {
    AWS_ENDPOINT_URL: standIn.url,
    ATHENA_TRANSFER_CONFIG: folder,
    ATHENA_TRANSFER_IDENTITY: `file:${tokenFile}`,
    ATHENA_TRANSFER_IDENTITY_SUBJECT: customer.subject,
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
    ...options.env,
  }
  return {
    folder,
    env,
    rotateToken,
    writeModel: async (name, model) =>
      writeFile(join(folder, `models/${name}.yaml`), stringify({ source: 'files', ...model })),
    writeData: async (name, data) => {
      const path = join(folder, 'data', name)
      await writeFile(path, data)
      return path
    },
    cli: (...args) => runCli(args, env),
    cliWithInput: (input, ...args) => runCli(args, env, input),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.on('error', () => {
      // A command need not read its input to the end.
    })
    child.stdin.end(input)
    let stdout = ''
    let stderr = ''
    // A chunk may end within a character.
    child.stdout.setEncoding('utf8')
    child.stderr.setEncoding('utf8')
    child.stdout.on('data', text => (stdout += text))
    child.stderr.on('data', text => (stderr += text))
    child.once('error', reject)
    child.once('close', exitCode => resolve({ exitCode, stdout, stderr }))
  })
}
