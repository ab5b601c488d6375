// What the process was given at its start.
#ifndef PMM_CGATE_START_H
#define PMM_CGATE_START_H

#include <signal.h>
#include <stdbool.h>

/// The kernel gives the lowest free number, so ours are below this unless we inherited about as many.
enum { KNOWN_DESCRIPTORS = 1024 };

struct start {
    int argc;
    char **argv;
    bool ignored[NSIG];
    sigset_t mask;
    bool is_open[KNOWN_DESCRIPTORS];
};

extern struct start cgate_start;

#endif
