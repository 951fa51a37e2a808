import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

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
 * @throws when Maven is missing or fails, or the archive is not the one pinned here.
 */
export async function installTrino(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'athena-transfer')
  const folder = join(cache, `trino-server-${VERSION}-${SHA256.slice(0, 12)}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(`${folder}-`)
  try {
    const archive = await download(work)
    await verify(archive)
    await run('tar', ['-xzf', archive, '-C', work])
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

async function download(folder: string): Promise<string> {
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
  const artifact = `-Dartifact=io.trino:trino-server:${VERSION}:tar.gz`
  try {
    await run('mvn', ['-B', '-q', goal, artifact, `-DoutputDirectory=${folder}`], {
      cwd: folder,
      timeout: DOWNLOAD_LIMIT_MS,
    })
  } catch (cause) {
    const hint = 'Install Maven 3.8 or later (Debian: apt-get install maven) that reaches Maven Central.'
    throw new Error(`Trino ${VERSION} could not be downloaded with mvn. ${hint}`, { cause })
  }
  return join(folder, `trino-server-${VERSION}.tar.gz`)
}

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
