// What happens before the first constructor: an array that the start code of libc walks first, with main's arguments.
//
// It notes what exec must hand on unchanged. And it makes a static Swift program start where /proc is not mounted: a
// constructor of the Swift runtime prepares its backtracer and looks for swift-backtrace beside itself, for which it
// reads the link /proc/self/exe, and aborts without it ("Unable to obtain Swift runtime path", measured with 6.3.1). It
// does not look if SWIFT_ROOT says where the runtime is, so here it is told. The environment it sees for that moment is
// ours; the process's own one is never written to, and main puts it back before anybody else reads it.
#define _GNU_SOURCE
#include "CGate.h"
#include "start.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

struct start cgate_start;

static char **original;
static char root[] = "SWIFT_ROOT=/";
static char backtrace[] = "SWIFT_BACKTRACE=enable=no";
static char *replacement[] = {root, backtrace, NULL};

static void before_constructors(int argc, char **argv, char **envp) {
    (void)envp;
    cgate_start.argc = argc;
    cgate_start.argv = argv;
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) == 0) cgate_start.ignored[signal] = action.sa_handler == SIG_IGN;
    }
    pthread_sigmask(SIG_SETMASK, NULL, &cgate_start.mask);
    // A descriptor of ours in the place of a closed standard one would get the lines meant for people. The root directory
    // can be opened wherever we are, and takes no line; close-on-exec, so the command finds what we found: nothing.
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0) (void)!open("/", O_PATH | O_CLOEXEC);
    char target[2];
    if (readlink("/proc/self/exe", target, sizeof target) > 0) return;
    original = environ;
    environ = replacement;
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) =
    before_constructors;

void cgate_restore_environment(void) {
    if (original == NULL) return;
    environ = original;
    original = NULL;
}

int cgate_argument_count(void) { return cgate_start.argc; }

char *const *cgate_arguments(void) { return cgate_start.argv; }
