#define _GNU_SOURCE
#include "CTestSupport.h"

#include <errno.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <unistd.h>

pid_t ctest_fork(void) {
    pid_t pid = fork();
    return pid < 0 ? -errno : pid;
}

int ctest_trace_me(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 ? -errno : 0; }

int ctest_step(pid_t pid) { return ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0 ? -errno : 0; }

void ctest_stay_on_this_processor(void) {
    int processor = sched_getcpu();
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor < 0 ? 0 : processor, &set);
    sched_setaffinity(0, sizeof set, &set);   // slower without it, that is all
}
