/** What a workgroup and its queries report: chosen automatically when it is the newest. */
export function engineVersion(version: 2 | 3): object {
  const name = `Athena engine version ${version}`
  return { SelectedEngineVersion: version === 3 ? 'AUTO' : name, EffectiveEngineVersion: name }
}
