import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'
import type { z } from 'zod'
import { type Destination, destinationSchema } from '../domain/destination.ts'
import { TransferError } from '../domain/errors.ts'
import { type Model, modelSchema } from '../domain/model.ts'
import { foldingCollisions } from '../domain/names.ts'
import { type Source, sourceSchema } from '../domain/source.ts'
import { validate } from './validate.ts'

/** What the operator declared: all destinations, sources and models, by name. */
export interface Config {
  /** The folder it was read from, absolute; relative source bases start here. */
  readonly folder: string
  readonly destinations: ReadonlyMap<string, Destination>
  readonly sources: ReadonlyMap<string, Source>
  readonly models: ReadonlyMap<string, Model>
}

/**
 * Reads `destinations/*.yaml`, `sources/*.yaml` and `models/*.yaml`, one object a file; a file's name is the default
 * of `name`.
 *
 * @throws {TransferError} `CONFIG_INVALID` with file, path, what was found and what is expected.
 */
export async function loadConfig(folder: string): Promise<Config> {
  const root = resolve(folder)
  const [destinations, sources, models] = await Promise.all([
    loadFolder(root, 'destinations', destinationSchema),
    loadFolder(root, 'sources', sourceSchema),
    loadFolder(root, 'models', modelSchema),
  ])
  const config = { folder: root, destinations, sources, models }
  checkReferences(config)
  return config
}

async function loadFolder<Schema extends z.ZodType<{ readonly name: string }>>(
  root: string,
  kind: string,
  schema: Schema,
): Promise<ReadonlyMap<string, z.output<Schema>>> {
  const folder = join(root, kind)
  const found = new Map<string, z.output<Schema>>()
  for (const file of await yamlFiles(folder)) {
    const path = join(folder, file)
    const value = validate(schema, await readYaml(path, file), path)
    if (found.has(value.name))
      throw invalid(path, `name: "${value.name}" is used by another file of ${kind}/`)
    found.set(value.name, value)
  }
  return found
}

async function yamlFiles(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter(file => /\.ya?ml$/.test(file)).sort()
  } catch (cause) {
    throw new TransferError(
      'CONFIG_INVALID',
      `${folder}: the folder cannot be read; expected YAML files in it`,
      { cause },
    )
  }
}

async function readYaml(path: string, file: string): Promise<unknown> {
  try {
    const value: unknown = parse(await readFile(path, 'utf8'))
    const name = file.replace(/\.ya?ml$/, '')
    return typeof value === 'object' && value !== null ? { name, ...value } : value
  } catch (cause) {
    throw invalid(
      path,
      `not readable as YAML: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    )
  }
}

function checkReferences(config: Config): void {
  for (const model of config.models.values()) {
    if (config.sources.has(model.source)) continue
    throw invalid(
      `model "${model.name}"`,
      `source: found "${model.source}", expected one of ${list(config.sources)}`,
    )
  }
  for (const destination of config.destinations.values()) {
    const unknown = destination.models?.find(name => !config.models.has(name))
    if (unknown === undefined) continue
    throw invalid(
      `destination "${destination.name}"`,
      `models: found "${unknown}", expected some of ${list(config.models)}`,
    )
  }
  for (const names of foldingCollisions([...config.models.keys()]))
    throw invalid('models', `${names.join(' and ')} are one table name in Athena; rename one`)
}

function list(named: ReadonlyMap<string, unknown>): string {
  return named.size === 0 ? '(none declared)' : [...named.keys()].join(', ')
}

function invalid(where: string, problem: string, cause?: unknown): TransferError {
  return new TransferError('CONFIG_INVALID', `${where}: ${problem}`, { cause, details: { where } })
}

/** A declared destination. @throws {TransferError} `CONFIG_INVALID` that lists the declared ones. */
export function destinationNamed(config: Config, name: string): Destination {
  const destination = config.destinations.get(name)
  if (destination) return destination
  throw invalid(config.folder, `no destination is named "${name}"; declared: ${list(config.destinations)}`)
}

/** The models that a destination takes, in declared order, narrowed to `only` when given. */
export function modelsOf(
  config: Config,
  destination: Destination,
  only?: readonly string[],
): readonly Model[] {
  const names = only ?? destination.models ?? [...config.models.keys()]
  return names.map(name => modelNamed(config, destination, name))
}

/** A model that the destination takes. @throws {TransferError} `CONFIG_INVALID` that says which it takes. */
export function modelNamed(config: Config, destination: Destination, name: string): Model {
  const model = config.models.get(name)
  if (model && (destination.models?.includes(name) ?? true)) return model
  const known = destination.models?.join(', ') ?? list(config.models)
  throw invalid(`destination "${destination.name}"`, `no model "${name}"; it takes: ${known}`)
}

/** A declared source. @throws {TransferError} `CONFIG_INVALID` that lists the declared ones. */
export function sourceNamed(config: Config, name: string): Source {
  const source = config.sources.get(name)
  if (source) return source
  throw invalid(config.folder, `no source is named "${name}"; declared: ${list(config.sources)}`)
}
