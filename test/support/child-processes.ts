import { readdirSync, readFileSync } from 'node:fs'

/** Ids of this process's living children that run a program whose path ends so. Linux only. */
export function childrenRunning(program: string): readonly number[] {
  return readdirSync('/proc/self/task')
    .flatMap(task => textOf(`/proc/self/task/${task}/children`).trim().split(' ').filter(Boolean))
    .filter(pid => commandOf(pid).some(argument => argument.endsWith(program)))
    .map(Number)
}

/** True while a process is there and has not ended. Linux only. */
export function isRunning(pid: number): boolean {
  return commandOf(String(pid)).length > 0
}

/** Arguments of a process; none of one that ended. */
function commandOf(pid: string): readonly string[] {
  return textOf(`/proc/${pid}/cmdline`).split('\0').filter(Boolean)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Ended since it was listed.
    return ''
  }
}
