import {
  type Authorizer,
  AwsError,
  type Catalog,
  type Faults,
  type JsonService,
  type ObjectStore,
} from './services.ts'

/** Athena's part, as the server sees it. */
export interface AthenaPart extends JsonService {
  putWorkgroup(accountId: string, workgroup: Readonly<Record<string, unknown>>): Promise<void>
}

/** What Athena's part is given. */
export interface AthenaDeps {
  readonly dataDir: string
  readonly store: ObjectStore
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly faults: Faults
}

/** Opens Athena's part. */
export async function openAthena(_deps: AthenaDeps): Promise<AthenaPart> {
  return {
    handle: async action => {
      throw new AwsError('UnknownOperationException', 400, `${action} is not supported (local stand-in).`)
    },
    putWorkgroup: async () => undefined,
    close: async () => undefined,
  }
}
