import { readdirSync, readFileSync } from 'node:fs'

/** Kernel clock ticks a second, as /proc counts CPU time (Linux: always 100 to user space). */
const TICKS_PER_SECOND = 100

/** CPU seconds, user and system, of this process and of all children that it had. Linux only. */
export function cpuSeconds(): number {
  const own = timesOf('self')
  const ticks = [...own, ...children().flatMap(pid => timesOf(pid).slice(0, 2))]
  return ticks.reduce((sum, time) => sum + time, 0) / TICKS_PER_SECOND
}

/** Ticks of a process: user, system, and the same of its children that have ended; none of one that is gone. */
function timesOf(pid: string): readonly number[] {
  const stat = readOf(pid, 'stat')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).map(Number)
}

/** Resident bytes of this process and its living children together. Linux only. */
export function residentBytes(): number {
  return process.memoryUsage.rss() + children().reduce((sum, pid) => sum + residentOf(pid), 0)
}

function children(): readonly string[] {
  return readdirSync('/proc/self/task').flatMap(task =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )
}

function residentOf(pid: string): number {
  return Number(readOf(pid, 'statm').split(' ')[1] ?? 0) * 4096
}

function readOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // Ended since it was listed.
    return ''
  }
}
