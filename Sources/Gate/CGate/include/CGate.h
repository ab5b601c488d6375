// What the gate needs of C: a function that runs before the Swift runtime's constructors, and the last steps to execve.
// All return 0 or a value on success and -errno on failure unless stated.
#ifndef PMM_CGATE_H
#define PMM_CGATE_H

#include <stdbool.h>
#include <stddef.h>

/// Gives the process its own environment back (see start.c). The first thing that main calls; harmless if there is
/// nothing to give back.
void cgate_restore_environment(void);

/// The arguments as they were given, byte for byte, which Swift's CommandLine (it wants UTF-8, and without them /proc)
/// is not.
int cgate_argument_count(void);
char *const *cgate_arguments(void);

/// Name look-up by /etc/hosts and DNS alone, whatever /etc/nsswitch.conf says: a static program cannot load the modules
/// that a distribution lists there, and must not try with those of another libc.
void cgate_use_plain_lookup(void);

/// SIGPIPE is ignored, and nothing is handled. As PID 1, for which the kernel drops signals with their default action
/// (pid_namespaces(7)), SIGTERM, SIGINT, SIGHUP and SIGQUIT end the process with 128 + n; any other process keeps the
/// actions it has.
void cgate_prepare_signals(void);

/// execvpe(3) of the arguments from number `first` on, with the descriptors, the signal mask and the ignored signals
/// that the process was started with, and its environment without the variables `names`, plus `additions`
/// (`NAME=value`); both end with NULL. Returns only if that failed: the -errno.
int cgate_execute(int first, char *const *names, char *const *additions);

/// Writes a line of at most PIPE_BUF (4,096) bytes to standard error, if that is possible without waiting.
void cgate_write_line(const char *bytes, size_t count);

/// Opens the file that this process runs, for reading: /proc/self/exe, or the name it was executed by where /proc is
/// not mounted. Returns a descriptor or -errno.
int cgate_open_self(void);

/// Whether this program was linked without an interpreter, so that it runs where there is no library at all.
bool cgate_is_self_contained(void);

/// open(2) is variadic: a new file for writing, close-on-exec, O_EXCL.
int cgate_create(const char *path);

#endif
