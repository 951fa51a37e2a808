import { execFile, spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A real redis-server on a free loopback port. */
export interface RunningRedis {
  /** The same after a restart. */
  readonly url: string
  /** Ends the process and starts it again on the same port and data; `SIGKILL` is a crash. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Ends the process and removes its data. */
  stop(): Promise<void>
}

/** A redis-server program and what it needs to start. */
interface Program {
  readonly path: string
  readonly libraryPath?: string
}

/** Debian packages that hold redis-server and the libraries it links. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']

/**
 * Starts Redis, found on the PATH or, without root, fetched from Debian's packages into the user's cache.
 *
 * @throws when there is none and none can be fetched: the message says what to install.
 */
export async function startRedis(): Promise<RunningRedis> {
  const program = findOnPath() ?? findInCache() ?? (await fetchFromDebian())
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await freePort()
  let running = await launch(program, { folder, port })
  const dieWithParent = (): void => running.kill('SIGKILL')
  process.once('exit', dieWithParent)
  return {
    url: `redis://127.0.0.1:${port}`,
    restart: async signal => {
      await running.end(signal)
      running = await launch(program, { folder, port })
    },
    stop: async () => {
      process.off('exit', dieWithParent)
      await running.end('SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface RunningProcess {
  kill(signal: 'SIGKILL'): void
  /** Resolves once the process has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** Resolves once Redis has read what its folder holds and takes connections. */
async function launch(
  program: Program,
  { folder, port }: { readonly folder: string; readonly port: number },
): Promise<RunningProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const durable = ['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction']
  const child = spawn(program.path, [...options, ...durable], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...(program.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: program.libraryPath }),
    },
  })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`redis-server ended with code ${code} before it was ready`)))
    child.stdout.on('data', (text: Buffer) => text.includes('Ready to accept connections') && resolve())
  })
  return {
    kill: signal => void child.kill(signal),
    end: async signal => {
      child.kill(signal)
      await ended
    },
  }
}

function findOnPath(): Program | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/bin',
    '/usr/local/bin',
    '/opt/homebrew/bin',
  ]
  const paths = folders.flatMap(folder => ['redis-server', 'valkey-server'].map(name => join(folder, name)))
  const path = paths.find(candidate => existsSync(candidate))
  return path === undefined ? undefined : { path }
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'athena-transfer', 'redis')
}

function findInCache(): Program | undefined {
  const root = cacheFolder()
  const path = join(root, 'usr/bin/redis-server')
  const [library] = globSync(join(root, 'usr/lib/*/libjemalloc.so.2'))
  return existsSync(path) && library !== undefined ? { path, libraryPath: join(library, '..') } : undefined
}

async function fetchFromDebian(): Promise<Program> {
  const cache = cacheFolder()
  await mkdir(join(cache, '..'), { recursive: true })
  const folder = await mkdtemp(`${cache}-`)
  try {
    await aptDownload(folder)
    const root = join(folder, 'root')
    for (const archive of globSync(join(folder, '*.deb'))) await run('dpkg', ['-x', archive, root])
    await rename(root, cache).catch(ignoreTaken)
  } catch (cause) {
    const wanted =
      'Install redis-server 7 or later (Debian: apt-get install redis-server; macOS: brew install redis) and run again.'
    throw new Error(`No redis-server was found and none could be fetched. ${wanted}`, { cause })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const program = findInCache()
  if (program) return program
  throw new Error('redis-server was fetched but is incomplete; install it with: apt-get install redis-server')
}

/** Somebody else put it there in the meantime. */
function ignoreTaken(thrown: unknown): void {
  if (!existsSync(join(cacheFolder(), 'usr/bin/redis-server'))) throw thrown
}

/** Package lists and state of its own, so that neither root nor the system's lists are needed. */
async function aptDownload(folder: string): Promise<void> {
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true })
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
  const own = [
    '-o',
    `Dir::State=${folder}/state`,
    '-o',
    'Dir::State::status=/var/lib/dpkg/status',
    '-o',
    `Dir::Cache=${folder}/cache`,
  ]
  await run('apt-get', [...own, 'update'])
  await run('apt-get', [...own, '-o', 'APT::Sandbox::User=root', 'download', ...PACKAGES], { cwd: folder })
}

/** A port on loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
