#define _GNU_SOURCE
#include "CGate.h"
#include "start.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <nss.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

void cgate_use_plain_lookup(void) { __nss_configure_lookup("hosts", "files dns"); }

static void end_as_init(int signal) { _exit(128 + signal); }

void cgate_prepare_signals(void) {
    static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    // The backtracer's handlers, where there is one: with them the first SIGQUIT from outside ends nothing.
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN)
            signal(number, SIG_DFL);
    }
    signal(SIGPIPE, SIG_IGN);
    if (getpid() != 1) return;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = end_as_init;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (!cgate_start.ignored[ends[i]]) sigaction(ends[i], &action, NULL);
}

static bool is_replaced(const char *entry, char *const *names) {
    for (; *names != NULL; names++) {
        size_t length = strlen(*names);
        if (strncmp(entry, *names, length) == 0 && entry[length] == '=') return true;
    }
    return false;
}

static char **merged_environment(char *const *names, char *const *additions) {
    size_t count = 1;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) count++;
    for (char *const *entry = additions; *entry != NULL; entry++) count++;
    char **result = calloc(count, sizeof *result);
    if (result == NULL) return NULL;
    size_t used = 0;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
        if (!is_replaced(*entry, names)) result[used++] = *entry;
    for (char *const *entry = additions; *entry != NULL; entry++) result[used++] = *entry;
    return result;
}

/// Libraries do not always say close-on-exec (SwiftNIO's epoll descriptor), and there may be no /proc to list what is
/// open.
static void keep_inherited_descriptors_only(void) {
    for (int descriptor = 0; descriptor < KNOWN_DESCRIPTORS; descriptor++) {
        if (cgate_start.is_open[descriptor]) continue;
        int flags = fcntl(descriptor, F_GETFD);
        if (flags >= 0) fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
    }
}

int cgate_execute(int first, char *const *names, char *const *additions) {
    char **envp = merged_environment(names, additions);
    if (envp == NULL) return -ENOMEM;
    keep_inherited_descriptors_only();
    // A handler becomes the default action by itself at execve; what is ignored stays ignored.
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) != 0) continue;
        if ((now.sa_handler == SIG_IGN) != cgate_start.ignored[number])
            signal(number, cgate_start.ignored[number] ? SIG_IGN : SIG_DFL);
    }
    pthread_sigmask(SIG_SETMASK, &cgate_start.mask, NULL);
    execvpe(cgate_start.argv[first], cgate_start.argv + first, envp);
    int failure = errno;
    free(envp);
    return -failure;
}

void cgate_write_line(const char *bytes, size_t count) {
    struct pollfd entry = {.fd = STDERR_FILENO, .events = POLLOUT};
    // A full pipe, or a reader that is gone: the line is lost, the gate goes on.
    if (poll(&entry, 1, 0) == 1 && (entry.revents & POLLOUT)) (void)!write(STDERR_FILENO, bytes, count);
}

int cgate_open_self(void) {
    int descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) return descriptor;
    const char *name = (const char *)getauxval(AT_EXECFN);
    if (name == NULL) return -ENOENT;
    descriptor = open(name, O_RDONLY | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

bool cgate_is_self_contained(void) {
    const ElfW(Phdr) *header = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    for (unsigned long i = 0; header != NULL && i < count; i++)
        if (header[i].p_type == PT_INTERP) return false;
    return true;
}

int cgate_create(const char *path) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    return descriptor < 0 ? -errno : descriptor;
}
