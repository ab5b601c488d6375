// The smallest supervisor there can be: posix_spawn, waitpid, no policy, no log, no watchdog. Not a product but the bound
// below which no restart can be on this machine.
//
// floor-supervisor PROGRAM...
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAXIMUM = 16 };

static pid_t start(char *program) {
    char *arguments[] = {program, NULL};
    pid_t pid;
    if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) == 0) return pid;
    perror(program);
    _exit(71);
}

int main(int argc, char **argv) {
    pid_t pids[MAXIMUM];
    if (argc < 2 || argc > MAXIMUM) return 64;
    for (int i = 1; i < argc; i++) pids[i] = start(argv[i]);
    for (;;) {
        int status;
        pid_t dead = waitpid(-1, &status, 0);
        for (int i = 1; i < argc; i++)
            if (pids[i] == dead) pids[i] = start(argv[i]);
    }
}
