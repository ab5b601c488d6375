#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define OR_ERRNO(expression) \
    ({                       \
        int r_ = (expression); \
        r_ < 0 ? -errno : r_;  \
    })

int clinux_epoll_create(void) { return OR_ERRNO(epoll_create1(EPOLL_CLOEXEC)); }

int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return OR_ERRNO(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
}

int clinux_epoll_remove(int epoll, int descriptor) {
    return OR_ERRNO(epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL));
}

int clinux_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity, int timeout_milliseconds) {
    struct epoll_event ready[64];
    if (capacity > 64) capacity = 64;
    int count = epoll_wait(epoll, ready, capacity, timeout_milliseconds);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        tokens[i] = ready[i].data.u64;
        events[i] = ready[i].events;
    }
    return count;
}

static void fill(sigset_t *set, const int *signals, size_t count) {
    sigemptyset(set);
    for (size_t i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int clinux_signal_descriptor(const int *signals, size_t count) {
    sigset_t set;
    fill(&set, signals, count);
    return OR_ERRNO(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int clinux_block_signals(const int *signals, size_t count) {
    sigset_t set;
    fill(&set, signals, count);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int clinux_read_signal(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t n;
    do n = read(descriptor, &info, sizeof info);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof info) return (int)info.ssi_signo;
    return n < 0 && errno != EAGAIN ? -errno : 0;
}

int clinux_timer_create(void) { return OR_ERRNO(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)); }

int clinux_timer_set(int descriptor, int64_t deadline_nanoseconds) {
    struct itimerspec value;
    memset(&value, 0, sizeof value);
    value.it_value.tv_sec = deadline_nanoseconds / 1000000000;
    value.it_value.tv_nsec = deadline_nanoseconds % 1000000000;
    return OR_ERRNO(timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &value, NULL));
}

int clinux_event_create(void) { return OR_ERRNO(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int clinux_pipe(int descriptors[2], bool nonblocking_read) {
    if (pipe2(descriptors, O_CLOEXEC) < 0) return -errno;
    // Only our end: O_NONBLOCK belongs to the open file description, and the two ends are two descriptions.
    if (nonblocking_read) return clinux_set_nonblocking(descriptors[0]);
    return 0;
}

int clinux_set_cloexec(int descriptor, bool on) { return OR_ERRNO(fcntl(descriptor, F_SETFD, on ? FD_CLOEXEC : 0)); }

int clinux_set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -errno;
    return OR_ERRNO(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
}

int clinux_open(const char *path, int flags, mode_t mode) {
    int fd;
    do fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int clinux_openat(int directory, const char *path, int flags, mode_t mode) {
    int fd;
    do fd = openat(directory, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int clinux_inotify_create(void) { return OR_ERRNO(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)); }

int64_t clinux_file_system_type(const char *path) {
    struct statfs status;
    if (statfs(path, &status) != 0) return -errno;
    return (int64_t)(uint32_t)status.f_type;
}
