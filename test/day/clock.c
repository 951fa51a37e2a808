/*
 * A faster clock for every process that preloads it: the time of day, the monotonic clock and the timeouts of epoll, by
 * which Node and Redis wait, pass DAY_FACTOR times as fast from the moment on that the file DAY_CLOCK holds: nanoseconds of
 * the machine's monotonic clock, in 64 bits; 0 for not yet. Clocks of CPU time stay true. Nothing here allocates memory, as
 * allocators ask for the time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

static long long factor;
static const volatile long long *fast_from;

static void open_clock(void) {
  if (fast_from) return;
  factor = atoll(getenv("DAY_FACTOR"));
  int file = syscall(SYS_openat, AT_FDCWD, getenv("DAY_CLOCK"), O_RDONLY | O_CLOEXEC);
  fast_from = mmap(0, sizeof *fast_from, PROT_READ, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  if (fast_from == MAP_FAILED) abort();
}

static long long true_now(clockid_t id) {
  struct timespec now;
  syscall(SYS_clock_gettime, id, &now);
  return now.tv_sec * NS + now.tv_nsec;
}

static long long fast_now(clockid_t id) {
  open_clock();
  long long from = *fast_from;
  return true_now(id) + (from ? (true_now(CLOCK_MONOTONIC) - from) * (factor - 1) : 0);
}

int clock_gettime(clockid_t id, struct timespec *now) {
  if (id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID || id < 0) return syscall(SYS_clock_gettime, id, now);
  // The coarse clocks' ticks would be long.
  long long ns = fast_now(id == CLOCK_REALTIME_COARSE ? CLOCK_REALTIME : id == CLOCK_MONOTONIC_COARSE ? CLOCK_MONOTONIC : id);
  now->tv_sec = ns / NS;
  now->tv_nsec = ns % NS;
  return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
  long long ns = fast_now(CLOCK_REALTIME);
  now->tv_sec = ns / NS;
  now->tv_usec = ns % NS / 1000;
  return 0;
}

time_t time(time_t *now) {
  time_t seconds = fast_now(CLOCK_REALTIME) / NS;
  if (now) *now = seconds;
  return seconds;
}

int epoll_pwait(int epoll, struct epoll_event *events, int count, int timeoutMs, const sigset_t *mask) {
  if (timeoutMs <= 0) return syscall(SYS_epoll_pwait, epoll, events, count, timeoutMs, mask, _NSIG / 8);
  open_clock();
  long long ns = timeoutMs * 1000000LL / (*fast_from ? factor : 1);
  struct timespec timeout = {ns / NS, ns % NS};
  return syscall(SYS_epoll_pwait2, epoll, events, count, &timeout, mask, _NSIG / 8);
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeoutMs) {
  return epoll_pwait(epoll, events, count, timeoutMs, 0);
}
