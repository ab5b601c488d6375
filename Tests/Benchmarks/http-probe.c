// Probes as the kubelet sends them: a new connection each, HTTP/1.1 with "Connection: close", one second for all of it.
//
// http-probe COUNT PAUSE-MICROSECONDS PORT/PATH...: COUNT probes of each target, the targets in turn; SIGTERM ends them
// earlier. Prints at its end a line "target nanoseconds status began" per probe: from before connect() to the end of the
// answer; status 0: refused, -1: cut, -2: late; began: nanoseconds of CLOCK_MONOTONIC.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// The status of the answer; 0 without a connection, -1 without a whole answer, -2 without one in a second.
static int probe(int port, const char *path) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval second = {1, 0};
    char text[16384];
    int status = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        int length = snprintf(text, sizeof text,
                              "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: kube-probe/1.33\r\n"
                              "Accept: */*\r\nConnection: close\r\n\r\n", path, port);
        size_t filled = 0;
        ssize_t count = send(fd, text, (size_t)length, MSG_NOSIGNAL);
        errno = 0;
        while (count > 0 && filled < sizeof text - 1) {
            count = recv(fd, text + filled, sizeof text - 1 - filled, 0);
            if (count > 0) filled += (size_t)count;
        }
        text[filled] = 0;
        // Whole, or it does not count: the head, and the end of the connection rather than of our patience.
        int is_whole = count == 0 && strstr(text, "\r\n\r\n") && sscanf(text, "HTTP/1.%*d %d", &status) == 1;
        if (!is_whole) status = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? -2 : -1;
    }
    if (fd >= 0) close(fd);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 4) return 64;
    int count = atoi(argv[1]);
    long pause_microseconds = atol(argv[2]);
    int targets = argc - 3;
    long long *took = calloc((size_t)count * (size_t)targets, sizeof *took);
    long long *began = calloc((size_t)count * (size_t)targets, sizeof *began);
    int *status = calloc((size_t)count * (size_t)targets, sizeof *status);
    if (!took || !began || !status) return 71;
    // Blocked, and taken only between two probes: none fails because of it.
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    struct timespec pause = {pause_microseconds / 1000000, pause_microseconds % 1000000 * 1000};
    int done = 0;
    for (int i = 0; i < count * targets; i++, done++) {
        const char *target = argv[3 + i % targets];
        if (sigtimedwait(&end, NULL, &pause) == SIGTERM) break;
        began[i] = now();
        status[i] = probe(atoi(target), strchr(target, '/'));
        took[i] = now() - began[i];
    }
    for (int i = 0; i < done; i++) printf("%d %lld %d %lld\n", i % targets, took[i], status[i], began[i]);
    return 0;
}
