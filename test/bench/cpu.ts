import { readdirSync, readFileSync } from 'node:fs'

/** Kernel clock ticks a second, as /proc counts CPU time (Linux: always 100 to user space). */
const TICKS_PER_SECOND = 100

/** CPU seconds, user and system, of this process and of its children that have ended. Linux only. */
export function cpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return ticks / TICKS_PER_SECOND
}

/** Resident bytes of this process and its living children together. Linux only. */
export function residentBytes(): number {
  const children = readdirSync('/proc/self/task').flatMap(task =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )
  return process.memoryUsage.rss() + children.reduce((sum, pid) => sum + residentOf(pid), 0)
}

function residentOf(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
  } catch {
    // Ended since it was listed.
    return 0
  }
}
