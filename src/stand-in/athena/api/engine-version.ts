/** What every workgroup and query reports: the version is chosen automatically and is 3. */
export const ENGINE_VERSION = {
  SelectedEngineVersion: 'AUTO',
  EffectiveEngineVersion: 'Athena engine version 3',
} as const
