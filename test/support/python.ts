import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * A Python with the given packages (pinned, `name==version`), in a venv of its own below the user's cache.
 *
 * @throws when there is no python3 with venv: the message says what to install.
 */
export async function pythonWith(packages: readonly string[]): Promise<string> {
  const name = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 16)
  const folder = join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    'athena-transfer',
    `venv-${name}`,
  )
  const python = join(folder, 'bin/python')
  const done = join(folder, 'complete')
  if (existsSync(done)) return python
  await mkdir(join(folder, '..'), { recursive: true })
  await rm(folder, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', folder])
  } catch (cause) {
    throw new Error(
      'No venv could be made. Install python3 with venv (Debian: apt-get install python3-venv).',
      { cause },
    )
  }
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
  await mkdir(`${done}.partial`, { recursive: true })
  await rename(`${done}.partial`, done)
  return python
}
