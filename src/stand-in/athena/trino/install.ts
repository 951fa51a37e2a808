import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { watched } from './watched.ts'

const run = promisify(execFile)

/** The last release whose server is on Maven Central. */
const VERSION = '476'

/** SHA-256 of `trino-server-476.tar.gz`, as Maven Central serves it. */
const SHA256 = 'cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f'

/** Half of what the archive unpacks to; nothing else is used here. */
const PLUGINS = ['hive', 'iceberg']

/** Longest time for the download of 821 MB, in milliseconds. */
const DOWNLOAD_LIMIT_MS = 1_800_000

/**
 * The folder of a Trino server below the user's cache, downloaded with Maven and verified the first time.
 *
 * The folder appears whole or not at all: it is made under another name, and what a killed run left of that is removed by
 * the next one that downloads.
 *
 * @throws when Maven is missing or fails, or the archive is not the one pinned here.
 */
export async function installTrino(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'athena-transfer')
  const name = `trino-server-${VERSION}-${SHA256.slice(0, 12)}`
  const folder = join(cache, name)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  await removeAbandoned(cache, `${name}-of-`)
  const work = await mkdtemp(`${folder}-of-${process.pid}-`)
  try {
    const archive = await download(work)
    await verify(archive)
    await run('sh', watched(['tar', '-xzf', archive, '-C', work]))
    const unpacked = join(work, `trino-server-${VERSION}`)
    await dropPlugins(join(unpacked, 'plugin'))
    await rename(unpacked, folder).catch(error => {
      // Another process may have put it there in the meantime.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

/** Removes the work folders of processes that have ended. */
async function removeAbandoned(cache: string, prefix: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefix)) continue
    if (isRunning(Number.parseInt(name.slice(prefix.length), 10))) continue
    // What such a process had started ends with it, but perhaps a moment later.
    await rm(join(cache, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 300 })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Only "no such process" says that it has ended.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** Maven's local repository is in `folder` too, so that no second copy of the archive stays elsewhere. */
async function download(folder: string): Promise<string> {
  const repository = join(folder, 'repository')
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get'
  const artifact = `-Dartifact=io.trino:trino-server:${VERSION}:tar.gz`
  const maven = ['mvn', '-B', '-q', `-Dmaven.repo.local=${repository}`, goal, artifact, '-Dtransitive=false']
  try {
    await run('sh', watched(maven), { cwd: folder, timeout: DOWNLOAD_LIMIT_MS })
  } catch (cause) {
    const hint = 'Install Maven 3.8 or later (Debian: apt-get install maven) that reaches Maven Central.'
    throw new Error(`Trino ${VERSION} could not be downloaded with mvn: ${saidBy(cause)}. ${hint}`, { cause })
  }
  return join(repository, `io/trino/trino-server/${VERSION}/trino-server-${VERSION}.tar.gz`)
}

/** The shell says 127 for a program that it does not find. */
function saidBy(error: unknown): string {
  const { code, stdout, stderr } = failureSchema.parse(error)
  return code === 127 ? 'there is no mvn on the PATH' : `${stdout}${stderr}`.trim().split('\n', 1).join('')
}

const failureSchema = z.looseObject({ code: z.unknown(), stdout: z.string(), stderr: z.string() })

async function verify(archive: string): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(archive), hash)
  const found = hash.digest('hex')
  if (found === SHA256) return
  throw new Error(`The downloaded Trino ${VERSION} has the SHA-256 ${found}, expected ${SHA256}`)
}

async function dropPlugins(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!PLUGINS.includes(name)) await rm(join(folder, name), { recursive: true })
  }
}
