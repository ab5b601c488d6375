// What happens before the first constructor: an array that the start code of libc walks first, with main's arguments.
//
// It notes what exec must hand on unchanged. And in a static program it keeps the Swift runtime's backtracer away,
// which a constructor prepares: where /proc is not mounted, that aborts while it looks for swift-backtrace beside
// itself ("Unable to obtain Swift runtime path", measured with 6.3.1), unless SWIFT_ROOT says where the runtime is. The
// environment that it sees for that moment is ours; the process's own one is never written to, and main puts it back
// before anybody else reads it. (A shared libc sets `environ` after this; such a program has /proc where it was built.)
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
    for (int descriptor = 0; descriptor < KNOWN_DESCRIPTORS; descriptor++)
        cgate_start.is_open[descriptor] = fcntl(descriptor, F_GETFD) >= 0;
    // A descriptor of ours in the place of a closed standard one would get the lines meant for people. The root
    // directory can be opened wherever we are, and takes no line; close-on-exec, so the command finds what we found:
    // nothing.
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (!cgate_start.is_open[descriptor]) (void)!open("/", O_PATH | O_CLOEXEC);
    if (!cgate_is_self_contained()) return;
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
