import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MUTATIONS, type Mutation } from './mutations.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Longest time that the simulation has to catch one, in seconds. */
const SECONDS = 120

/** Breaks a copy of the product and runs the simulation on it: what it said when it caught the break, or undefined. */
async function caughtBy({ edits }: Mutation): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'mutation-'))
  try {
    for (const part of ['src', 'test/simulation', 'package.json'])
      await cp(join(ROOT, part), join(folder, part), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    for (const edit of edits) await breakFile(join(folder, 'src', edit.file), edit)
    return await violationOf(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function breakFile(path: string, edit: Mutation['edits'][number]): Promise<void> {
  const whole = await readFile(path, 'utf8')
  const parts = whole.split(edit.text)
  if (parts.length !== 2)
    throw new Error(`${path}: ${JSON.stringify(edit.text)} is there ${parts.length - 1} times`)
  await writeFile(path, parts.join(edit.broken))
}

async function violationOf(folder: string): Promise<string | undefined> {
  const args = ['test/simulation/main.ts', '--seconds', String(SECONDS), '--seed', '1', '--no-shrink']
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  await once(child, 'close')
  return /VIOLATION: (.*)/.exec(output)?.[1]
}

const only = process.argv[2]
const chosen = MUTATIONS.filter(({ name }) => only === undefined || name.includes(only))
let missed = 0
for (const mutation of chosen) {
  const startedMs = performance.now()
  const violation = await caughtBy(mutation)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  if (violation === undefined) missed++
  console.log(
    `${violation === undefined ? 'MISSED' : 'caught'} (${seconds} s) ${mutation.name}: ${violation ?? '–'}`,
  )
}
console.log(`mutations: ${chosen.length}, caught ${chosen.length - missed}, missed ${missed}`)
process.exitCode = missed === 0 ? 0 : 1
