/* Preloaded into a Redis server under test: moves its wall clock, slows its disk, and notes what has reached the disk.
 * The file that LAKE_SHIM names holds three 64-bit numbers, read and written at every call, so a test acts by writing to it:
 *   clock_ms   what is added to the wall clock; all other clocks are left alone
 *   disk       of the append-only log's syncs: 0 they are done, 1 they do not come back while this is so, 2 they come back at once
 *   synced     how many bytes of the newest append-only log a sync has confirmed: a power cut could take all behind them
 * System calls are made directly: looking up the C library's functions allocates, and an allocator that asks for the time while
 * it starts would hang. Valid C and C++. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shim {
  volatile int64_t clock_ms;
  volatile int64_t disk;
  volatile int64_t synced;
};
static struct shim* shared = 0;

__attribute__((constructor)) static void open_shim(void) {
  const char* name = getenv("LAKE_SHIM");
  int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  void* mapped;
  if (file < 0) return;
  mapped = mmap(0, sizeof(struct shim), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) shared = (struct shim*)mapped;
}

static void add_offset(struct timespec* at) {
  int64_t ms = shared ? shared->clock_ms : 0;
  at->tv_sec += (time_t)(ms / 1000);
  at->tv_nsec += (long)(ms % 1000) * 1000000L;
  if (at->tv_nsec >= 1000000000L) at->tv_nsec -= 1000000000L, at->tv_sec += 1;
  if (at->tv_nsec < 0) at->tv_nsec += 1000000000L, at->tv_sec -= 1;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec* at) {
  int failed = (int)syscall(SYS_clock_gettime, clock, at);
  if (failed == 0 && clock == CLOCK_REALTIME) add_offset(at);
  return failed;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval* at, void* zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

/* Redis appends to NAME.N.incr.aof and begins NAME.N+1.incr.aof when it rewrites: `synced` is of the one synced last. */
static int is_append_only_log(int file) {
  char link[64];
  char name[4096];
  const char end[] = ".incr.aof";
  ssize_t length;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  length = readlink(link, name, sizeof name);
  return length >= (ssize_t)(sizeof end - 1) && memcmp(name + length - (sizeof end - 1), end, sizeof end - 1) == 0;
}

__attribute__((visibility("default"))) int fdatasync(int file) {
  struct stat before;
  const struct timespec moment = {0, 1000000};
  int failed;
  int log = shared && is_append_only_log(file) && fstat(file, &before) == 0; /* what is appended meanwhile may miss this sync */
  while (log && shared->disk == 1) nanosleep(&moment, 0);
  failed = log && shared->disk == 2 ? 0 : (int)syscall(SYS_fdatasync, file);
  if (failed == 0 && log) shared->synced = before.st_size;
  return failed;
}

#ifdef __cplusplus
}
#endif
