import { z } from 'zod'
import type { Authorizer, Caller } from '../../services.ts'
import { workgroupArn } from './athena-arn.ts'
import { engineVersion } from './engine-version.ts'
import { invalidRequest, readBody } from './invalid-request.ts'
import { listPageSchema, pageOf } from './paging.ts'
import type { Action } from './query-actions.ts'
import type { Workgroup, WorkgroupInput, WorkgroupStore } from './workgroups.ts'

const configurationSchema = z.looseObject({
  ResultConfiguration: z.looseObject({ OutputLocation: z.string().optional() }).optional(),
  EnforceWorkGroupConfiguration: z.boolean().optional(),
  BytesScannedCutoffPerQuery: z.number().optional(),
  RequesterPaysEnabled: z.boolean().optional(),
  ManagedQueryResultsConfiguration: z.looseObject({ Enabled: z.boolean() }).optional(),
})

const createSchema = z.looseObject({
  Name: z.string(),
  Description: z.string().optional(),
  Configuration: configurationSchema.optional(),
})

const updateSchema = z.looseObject({
  WorkGroup: z.string(),
  Description: z.string().optional(),
  State: z.enum(['ENABLED', 'DISABLED']).optional(),
  ConfigurationUpdates: z
    .looseObject({
      ResultConfigurationUpdates: z.looseObject({ OutputLocation: z.string().optional() }).optional(),
      EnforceWorkGroupConfiguration: z.boolean().optional(),
      BytesScannedCutoffPerQuery: z.number().optional(),
      RequesterPaysEnabled: z.boolean().optional(),
    })
    .optional(),
})

/** The actions on workgroups, by name. */
export function workgroupActions(deps: {
  readonly authorizer: Authorizer
  readonly workgroups: WorkgroupStore
}): Readonly<Record<string, Action>> {
  const allow = (caller: Caller, action: string, name: string): void =>
    deps.authorizer.authorize(caller, `athena:${action}`, [workgroupArn(caller, name)])
  const find = (caller: Caller, name: string): Workgroup => {
    const workgroup = deps.workgroups.get(caller, name)
    if (!workgroup) throw invalidRequest(`WorkGroup ${name} is not found.`, 'WORKGROUP_NOT_FOUND')
    return workgroup
  }
  return {
    GetWorkGroup: async (body, caller) => {
      const { WorkGroup: name } = readBody(z.looseObject({ WorkGroup: z.string() }), body)
      allow(caller, 'GetWorkGroup', name)
      return { WorkGroup: describeWorkgroup(find(caller, name)) }
    },
    ListWorkGroups: async (body, caller) => {
      allow(caller, 'ListWorkGroups', '*')
      const { items, next } = pageOf(deps.workgroups.list(caller), readBody(listPageSchema, body))
      return { WorkGroups: items.map(summarize), ...next }
    },
    CreateWorkGroup: async (body, caller) => {
      const request = readBody(createSchema, body)
      allow(caller, 'CreateWorkGroup', request.Name)
      if (deps.workgroups.get(caller, request.Name)) throw invalidRequest('WorkGroup is already created')
      await deps.workgroups.put(caller, createdWorkgroup(request))
      return {}
    },
    UpdateWorkGroup: async (body, caller) => {
      const request = readBody(updateSchema, body)
      allow(caller, 'UpdateWorkGroup', request.WorkGroup)
      await deps.workgroups.put(caller, updatedWorkgroup(find(caller, request.WorkGroup), request))
      return {}
    },
  }
}

function createdWorkgroup(request: z.infer<typeof createSchema>): WorkgroupInput {
  const configuration = request.Configuration
  return {
    name: request.Name,
    description: request.Description,
    outputLocation: configuration?.ResultConfiguration?.OutputLocation,
    enforcesConfiguration: configuration?.EnforceWorkGroupConfiguration ?? true,
    scanLimitBytes: configuration?.BytesScannedCutoffPerQuery,
    requesterPays: configuration?.RequesterPaysEnabled,
    managesResults: configuration?.ManagedQueryResultsConfiguration?.Enabled,
  }
}

function updatedWorkgroup(old: Workgroup, request: z.infer<typeof updateSchema>): WorkgroupInput {
  const updates = request.ConfigurationUpdates
  return {
    ...old,
    description: request.Description ?? old.description,
    state: request.State ?? old.state,
    outputLocation: updates?.ResultConfigurationUpdates?.OutputLocation ?? old.outputLocation,
    enforcesConfiguration: updates?.EnforceWorkGroupConfiguration ?? old.enforcesConfiguration,
    scanLimitBytes: updates?.BytesScannedCutoffPerQuery ?? old.scanLimitBytes,
    requesterPays: updates?.RequesterPaysEnabled ?? old.requesterPays,
  }
}

function summarize(workgroup: Workgroup): object {
  return {
    Name: workgroup.name,
    State: workgroup.state,
    Description: workgroup.description,
    CreationTime: workgroup.createdAtMs / 1000,
    EngineVersion: engineVersion(workgroup.engineVersion),
  }
}

function describeWorkgroup(workgroup: Workgroup): object {
  return {
    Name: workgroup.name,
    State: workgroup.state,
    Description: workgroup.description,
    CreationTime: workgroup.createdAtMs / 1000,
    Configuration: {
      ResultConfiguration:
        workgroup.outputLocation === undefined ? {} : { OutputLocation: workgroup.outputLocation },
      EnforceWorkGroupConfiguration: workgroup.enforcesConfiguration,
      PublishCloudWatchMetricsEnabled: false,
      RequesterPaysEnabled: workgroup.requesterPays,
      EngineVersion: engineVersion(workgroup.engineVersion),
      EnableMinimumEncryptionConfiguration: false,
      ManagedQueryResultsConfiguration: { Enabled: workgroup.managesResults },
      ...(workgroup.scanLimitBytes === undefined
        ? {}
        : { BytesScannedCutoffPerQuery: workgroup.scanLimitBytes }),
    },
  }
}
