import { z } from 'zod'
import { destinationSchema } from '../domain/destination.ts'
import { modelSchema } from '../domain/model.ts'
import { sourceSchema } from '../domain/source.ts'

/** Kinds of configuration files, each with the schema that reads it. */
export const CONFIG_KINDS = {
  destination: destinationSchema,
  source: sourceSchema,
  model: modelSchema,
} as const

export type ConfigKind = keyof typeof CONFIG_KINDS

/** JSON Schema (2020-12) of one kind of configuration file, for editors that complete and check YAML. */
export function jsonSchemaOf(kind: ConfigKind): object {
  const schema = z.toJSONSchema(CONFIG_KINDS[kind], { io: 'input' })
  return {
    ...schema,
    title: `athena-transfer ${kind}`,
    required: (schema.required ?? []).filter(name => name !== 'name'),
  }
}
