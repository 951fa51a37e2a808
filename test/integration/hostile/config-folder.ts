import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** An empty configuration folder. */
export interface ConfigFolder {
  readonly path: string
  /** Writes a file below it as YAML. */
  write(name: string, value: object): Promise<void>
  remove(): Promise<void>
}

/** Makes one with folders for destinations, sources, models and data. */
export async function startConfigFolder(): Promise<ConfigFolder> {
  const path = await mkdtemp(join(tmpdir(), 'hostile-'))
  for (const name of ['destinations', 'sources', 'models', 'data']) await mkdir(join(path, name))
  return {
    path,
    write: async (name, value) => writeFile(join(path, name), stringify(value)),
    remove: () => rm(path, { recursive: true, force: true }),
  }
}
