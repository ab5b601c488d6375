// What the process was given at its start.
#ifndef PMM_CGATE_START_H
#define PMM_CGATE_START_H

#include <signal.h>
#include <stdbool.h>

struct start {
    int argc;
    char **argv;
    bool ignored[NSIG];
    sigset_t mask;
};

extern struct start cgate_start;

#endif
