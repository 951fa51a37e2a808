import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The oldest Java that Trino 476 runs on. */
const MIN_VERSION = 24

/**
 * Finds a full JDK: `JAVA_HOME` first, then the usual folders, then the path.
 *
 * @throws when there is none that is new enough; the message says what to install.
 */
export async function findJava(candidates: readonly string[] = usualPlaces()): Promise<string> {
  const found: string[] = []
  for (const java of candidates) {
    const version = await versionOf(java)
    if (version === undefined) continue
    if (version >= MIN_VERSION) return java
    found.push(`${java} (${version})`)
  }
  const others = found.length === 0 ? 'No Java was found' : `Only older ones were found: ${found.join(', ')}`
  throw new Error(
    `The Trino engine needs a JDK ${MIN_VERSION} or later. ${others}. Install Temurin 25 (Debian: temurin-25-jdk; macOS: brew install temurin) or set JAVA_HOME.`,
  )
}

function usualPlaces(): readonly string[] {
  const homes = [
    ...(process.env.JAVA_HOME ? [process.env.JAVA_HOME] : []),
    ...globSync('/usr/lib/jvm/*').toSorted().toReversed(),
    ...globSync('/Library/Java/JavaVirtualMachines/*/Contents/Home'),
  ]
  return [...homes.map(home => join(home, 'bin/java')), 'java']
}

async function versionOf(java: string): Promise<number | undefined> {
  try {
    const { stderr } = await run(java, ['-version'], { timeout: 20_000 })
    const found = /version "(\d+)/.exec(stderr)?.[1]
    return found === undefined ? undefined : Number(found)
  } catch {
    // No Java at that place: the next candidate is asked.
    return undefined
  }
}
