// What the tests need of Linux and `import Glibc` hides. Errors come back as -errno.
#ifndef CTEST_SUPPORT_H
#define CTEST_SUPPORT_H

#include <sys/types.h>

/// fork(2). Only for processes with a single thread: the child of any other inherits locks that nobody will release.
pid_t ctest_fork(void);

/// The calling process wants to be traced by its parent.
int ctest_trace_me(void);

/// Lets the stopped child `pid` run one instruction.
int ctest_step(pid_t pid);

/// From now on this process and its children run on the processor that it runs on now.
void ctest_stay_on_this_processor(void);

#endif
