/**
 * Runs a program until it ends or standard input closes, which happens when the parent dies by whatever means. The watcher
 * holds no other stream of the parent open.
 */
const SCRIPT =
  'exec 3<&0; "$@" 3<&- & pid=$!; (read -r _ <&3; kill -9 $pid) >/dev/null 2>&1 & exec 3<&-; wait $pid'

/** Arguments of `sh` that run a program which never outlives this process; its standard input must be a pipe. */
export function watched(program: readonly string[]): readonly string[] {
  return ['-c', SCRIPT, 'watched', ...program]
}
