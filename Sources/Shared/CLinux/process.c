#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_STACK = 64 * 1024, MAXIMUM_DESCRIPTORS = 16 };

struct child_context {
    const struct clinux_spawn_request *request;
    pid_t parent;
    volatile int error;              // written by the child, read by the parent after CLONE_VFORK lets it go on
    const char *volatile stage;
};

static void format_listen_pid(char *buffer, pid_t pid) {
    static const char prefix[] = "LISTEN_PID=";
    char digits[16];
    int n = 0;
    do {
        digits[n++] = (char)('0' + pid % 10);
        pid /= 10;
    } while (pid > 0);
    memcpy(buffer, prefix, sizeof prefix - 1);
    char *p = buffer + sizeof prefix - 1;
    while (n > 0) *p++ = digits[--n];
    *p = 0;
}

// Closes every descriptor from `first` up. close_range is Linux 5.9; below that, one by one up to the limit.
static void close_from(int first) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0) return;
#endif
    struct rlimit limit;
    int last = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)last) last = (int)limit.rlim_cur;
    for (int fd = first; fd < last; fd++) close(fd);
}

static int fail(struct child_context *context, const char *stage) {
    context->error = errno;
    context->stage = stage;
    _exit(127);
}

// Gives up the controlling terminal, if there is one: a library that asks there for a passphrase would stop a process of
// a background group by SIGTTIN or SIGTTOU. For no leader of a session TIOCNOTTY ends it for the caller alone
// (tty_ioctl(4)). Without a terminal open(2) fails with ENXIO, and that was all.
static void leave_terminal(void) {
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (terminal < 0) return;
    ioctl(terminal, TIOCNOTTY);
    close(terminal);
}

// Runs in the parent's memory with the parent stopped: only async-signal-safe calls, nothing of the parent is changed.
static int child_main(void *argument) {
    struct child_context *context = argument;
    const struct clinux_spawn_request *request = context->request;

    struct sigaction default_action;
    memset(&default_action, 0, sizeof default_action);
    default_action.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &default_action, NULL);

    // No session of its own: where the kernel schedules by session (autogroup), the child would be moved into a group
    // that competes with ours before it has even called execve (measured: 1.2 ms in one restart).
    if (request->new_group && setpgid(0, 0) < 0) return fail(context, "setpgid");
    if (request->new_group) leave_terminal();
    if (request->parent_death_signal != 0) {
        if (prctl(PR_SET_PDEATHSIG, (unsigned long)request->parent_death_signal, 0, 0, 0) < 0)
            return fail(context, "prctl(PR_SET_PDEATHSIG)");
        // The parent may have died before the prctl: then nobody would ever signal us.
        if (getppid() != context->parent) {
            errno = ESRCH;
            return fail(context, "getppid");
        }
    }

    // Two passes, so that a target number never overwrites a source that is still needed.
    int moved[MAXIMUM_DESCRIPTORS];
    size_t count = request->descriptor_count;
    for (size_t i = 0; i < count; i++) {
        int source = request->descriptors[i];
        if (source < 0) {
            source = open("/dev/null", O_RDWR | O_CLOEXEC);
            if (source < 0) return fail(context, "open(/dev/null)");
        }
        moved[i] = fcntl(source, F_DUPFD_CLOEXEC, (int)count + 3);
        if (moved[i] < 0) return fail(context, "fcntl(F_DUPFD_CLOEXEC)");
    }
    for (size_t i = 0; i < count; i++)
        if (dup2(moved[i], (int)i) < 0) return fail(context, "dup2");
    close_from((int)count);

    if (request->descriptor_limit != 0) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < request->descriptor_limit) {
            limit.rlim_cur = request->descriptor_limit < limit.rlim_max ? request->descriptor_limit : limit.rlim_max;
            setrlimit(RLIMIT_NOFILE, &limit);
        }
    }
    if (request->data_limit != 0) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_DATA, &limit) < 0) return fail(context, "getrlimit(RLIMIT_DATA)");
        // A smaller hard limit of the container's stays: raising it needs a capability, and each spawn would fail.
        if (request->data_limit < limit.rlim_max) limit.rlim_max = request->data_limit;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_DATA, &limit) < 0) return fail(context, "setrlimit(RLIMIT_DATA)");
    }
    if (request->listen_pid_buffer) format_listen_pid(request->listen_pid_buffer, getpid());

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->path, request->argv, request->envp);
    return fail(context, "execve");
}

int clinux_spawn(const struct clinux_spawn_request *request, pid_t *pid, const char **stage) {
    *stage = "spawn";
    if (request->descriptor_count > MAXIMUM_DESCRIPTORS) return -E2BIG;
    size_t size = CHILD_STACK;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        *stage = "mmap";
        return -errno;
    }
    struct child_context context = {request, getpid(), 0, "execve"};
    // All signals blocked meanwhile: a handler of the parent must not run in the child on the parent's memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = clone(child_main, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, &context);
    int error = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    // The child first, where both have only one processor: somebody waits for it, nobody for us.
    if (child > 0) sched_yield();
    munmap(stack, size);
    if (child < 0) {
        *stage = "clone";
        return -error;
    }
    *pid = child;
    if (context.error != 0) {
        int status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        *stage = context.stage;
        return -context.error;
    }
    return 0;
}

int clinux_set_child_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0; }

int clinux_peek_exit(pid_t *pid, int *code, int *status) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int result;
    do result = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    if (info.si_pid == 0) return 0;
    *pid = info.si_pid;
    *code = info.si_code;
    *status = info.si_status;
    return 1;
}

int clinux_reap(pid_t pid) {
    siginfo_t info;
    int result;
    do result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int clinux_cld_exited(void) { return CLD_EXITED; }

const char *clinux_signal_name(int signal) { return sigabbrev_np(signal); }

int clinux_get_descriptor_limit(uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int clinux_set_descriptor_limit(uint64_t soft) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    limit.rlim_cur = soft;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

int clinux_set_default_stack(size_t bytes) {
    pthread_attr_t attributes;
    int result = pthread_attr_init(&attributes);
    if (result != 0) return -result;
    result = pthread_attr_setstacksize(&attributes, bytes);
    if (result == 0) result = pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
    return -result;
}
