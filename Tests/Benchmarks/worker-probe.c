// The supervised process of restart.py. Its first act is to take the time; what it does then is what its supervisor asks
// a healthy worker to do: READY=1 and WATCHDOG=1 over NOTIFY_SOCKET (sd_notify(3)), or a newline on BENCH_NOTIFY_FD (s6).
//
// Reports "pid start ready\n" (nanoseconds of CLOCK_MONOTONIC) in one write to the FIFO $BENCH_REPORTS/NAME. NAME is what
// it was started as, or, where that is only "run" (s6, runit, daemontools), its directory. Static: no library is loaded
// before main().
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int connect_notify(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if (length < 2 || length >= sizeof address.sun_path) return -1;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] != '@'));
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, size) == 0 ? fd : -1;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int main(int argc, char **argv) {
    long long start = now();
    char directory[4096], path[8192], report[96];
    const char *name = argc > 0 ? base_name(argv[0]) : "";
    if (strcmp(name, "run") == 0 && getcwd(directory, sizeof directory)) name = base_name(directory);

    const char *socket_name = getenv("NOTIFY_SOCKET"), *descriptor = getenv("BENCH_NOTIFY_FD");
    int notify = socket_name ? connect_notify(socket_name) : -1;
    if (socket_name && (notify < 0 || send(notify, "READY=1", 7, 0) != 7)) return 71;
    if (descriptor && write(atoi(descriptor), "\n", 1) != 1) return 71;

    const char *reports = getenv("BENCH_REPORTS");
    if (!reports) return 64;
    snprintf(path, sizeof path, "%s/%s", reports, name);
    int fifo = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    int length = snprintf(report, sizeof report, "%d %lld %lld\n", (int)getpid(), start, now());
    if (fifo < 0 || write(fifo, report, (size_t)length) != length) return 71;

    const char *limit = getenv("WATCHDOG_USEC");
    int pause_milliseconds = notify >= 0 && limit ? (int)(atoll(limit) / 3000) : -1;
    for (;;) {
        poll(NULL, 0, pause_milliseconds);
        // A full queue loses a heartbeat; the limit has room for two.
        if (notify >= 0) send(notify, "WATCHDOG=1", 10, MSG_DONTWAIT);
    }
}
