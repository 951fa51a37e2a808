import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { TransferError, toTransferError } from '../domain/errors.ts'
import { validate } from './validate.ts'

/** One configuration file: what it declares, or why it cannot be read. */
export interface ConfigFile<Value> {
  /** The declared name; that of the file where it cannot be read. */
  readonly name: string
  readonly path: string
  readonly outcome: { readonly value: Value } | { readonly problem: TransferError }
}

/** Reads the YAML files of a folder in their order, each for itself: one that cannot be read does not hide the others. */
export async function readFolder<Schema extends z.ZodType<{ readonly name: string }>>(
  folder: string,
  schema: Schema,
): Promise<readonly ConfigFile<z.output<Schema>>[]> {
  const files: ConfigFile<z.output<Schema>>[] = []
  for (const file of await yamlFiles(folder))
    files.push(await readConfigFile(join(folder, file), file, schema))
  return files
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

async function readConfigFile<Schema extends z.ZodType<{ readonly name: string }>>(
  path: string,
  file: string,
  schema: Schema,
): Promise<ConfigFile<z.output<Schema>>> {
  let name = file.replace(/\.ya?ml$/, '')
  try {
    const declared = await readYaml(path)
    name = namedSchema.safeParse(declared).data?.name ?? name
    const given = typeof declared === 'object' && declared !== null ? { name, ...declared } : declared
    const value = validate(schema, given, path)
    return { name: value.name, path, outcome: { value } }
  } catch (thrown) {
    return { name, path, outcome: { problem: toTransferError(thrown) } }
  }
}

const namedSchema = z.object({ name: z.string().min(1) })

async function readYaml(path: string): Promise<unknown> {
  try {
    return parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw invalid(path, `not readable as YAML: ${reason}`, cause)
  }
}

/** A `CONFIG_INVALID` that says where the problem is. */
export function invalid(where: string, problem: string, cause?: unknown): TransferError {
  return new TransferError('CONFIG_INVALID', `${where}: ${problem}`, { cause, details: { where } })
}
