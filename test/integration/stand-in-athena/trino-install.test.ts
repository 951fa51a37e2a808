import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { findJava } from '../../../src/stand-in/athena/trino/find-java.ts'
import { installTrino } from '../../../src/stand-in/athena/trino/install.ts'

let folder: string
let cache: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trino-install-'))
  cache = join(folder, 'cache/athena-transfer')
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name, 'bin', name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

/** Puts a Maven in front of the PATH that does this in the folder that it is to fill. */
async function maven(script: string): Promise<void> {
  const path = await program('mvn', script)
  vi.stubEnv('PATH', `${join(path, '..')}:${process.env.PATH}`)
}

const ARCHIVE = 'repository/io/trino/trino-server/476/trino-server-476.tar.gz'

it('says what to install where no Java is found', async () => {
  await expect(findJava([join(folder, 'nowhere/java')])).rejects.toThrow(
    /needs a JDK 24 or later\. No Java was found\. Install Temurin 25 .* or set JAVA_HOME/,
  )
})

it('says what to install where every Java is too old, and takes one that is not', async () => {
  const old = await program('java17', 'echo \'openjdk version "17.0.15" 2025-04-15\' >&2')
  const young = await program('java25', 'echo \'openjdk version "25.0.1" 2025-10-21\' >&2')

  await expect(findJava([old])).rejects.toThrow(`Only older ones were found: ${old} (17). Install Temurin 25`)
  expect(await findJava([old, young])).toBe(young)
})

it('says what to install where there is no Maven', async () => {
  await program('sh', 'exec /bin/sh "$@"')
  vi.stubEnv('PATH', join(folder, 'sh/bin'))

  await expect(installTrino()).rejects.toThrow(
    /there is no mvn on the PATH\. Install Maven 3\.8 or later \(Debian: apt-get install maven\)/,
  )
  expect(await readdir(cache)).toEqual([])
})

it('shows what Maven said when it failed', async () => {
  await maven('echo "[ERROR] Could not transfer artifact"; exit 1')

  await expect(installTrino()).rejects.toThrow('with mvn: [ERROR] Could not transfer artifact. Install')
})

it('keeps nothing of an archive that is not the pinned one', async () => {
  await maven(`mkdir -p ${join(ARCHIVE, '..')}; echo cut short > ${ARCHIVE}`)

  await expect(installTrino()).rejects.toThrow(/has the SHA-256 [0-9a-f]{64}, expected cfd5/)
  expect(await readdir(cache)).toEqual([])
})

it('a run killed in the middle leaves nothing that the next one takes for whole', async () => {
  const pidFile = join(folder, 'pid')
  await maven(`mkdir -p ${join(ARCHIVE, '..')}; echo half > ${ARCHIVE}; echo $$ > ${pidFile}; exec sleep 60`)
  const module = fileURLToPath(new URL('../../../src/stand-in/athena/trino/install.ts', import.meta.url))
  const script = `import(${JSON.stringify(module)}).then(it => it.installTrino())`
  const killed = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
  const ended = once(killed, 'exit')
  await vi.waitFor(async () => expect(await partialArchives()).toEqual([true]), 20_000)
  killed.kill('SIGKILL')
  await ended
  expect(await partialArchives()).toEqual([true])
  const mavenPid = Number(await readFile(pidFile, 'utf8'))
  await vi.waitFor(() => expect(() => process.kill(mavenPid, 0)).toThrow('ESRCH'), 5000)

  await maven('echo unreachable; exit 1')
  await expect(installTrino()).rejects.toThrow('unreachable')
  expect(await readdir(cache)).toEqual([])
})

it('leaves what another process is installing', async () => {
  const other = join(cache, `trino-server-476-cfd5accde17e-of-${process.pid}-other`)
  await mkdir(other, { recursive: true })
  await maven('exit 1')

  await expect(installTrino()).rejects.toThrow('Install Maven')
  expect(existsSync(other)).toBe(true)
})

async function partialArchives(): Promise<readonly boolean[]> {
  const names = existsSync(cache) ? await readdir(cache) : []
  return names.map(name => existsSync(join(cache, name, ARCHIVE)))
}
