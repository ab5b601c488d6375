#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int close_with(int fd, int error) {
    close(fd);
    return -error;
}

int clinux_listen_tcp(const char *host, uint16_t port, int backlog) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct sockaddr *address;
    socklen_t length;
    int family;
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        family = AF_INET, address = (const struct sockaddr *)&v4, length = sizeof v4;
    } else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        family = AF_INET6, address = (const struct sockaddr *)&v6, length = sizeof v6;
    } else {
        return -EINVAL;
    }
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int one = 1, zero = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, address, length) < 0) return close_with(fd, errno);
    if (listen(fd, backlog) < 0) return close_with(fd, errno);
    return fd;
}

int clinux_bound_port(int descriptor) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(descriptor, (struct sockaddr *)&storage, &length) < 0) return -errno;
    if (storage.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&storage)->sin_port);
    if (storage.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&storage)->sin6_port);
    return -EAFNOSUPPORT;
}

int clinux_notify_listen(char *name, size_t capacity) {
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one) < 0) return close_with(fd, errno);
    // Autobind (unix(7)): an address of only the family gets a free abstract name of five hex digits.
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0) return close_with(fd, errno);
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return close_with(fd, errno);
    size_t count = length - offsetof(struct sockaddr_un, sun_path);
    if (count < 2 || count + 1 > capacity) return close_with(fd, ENAMETOOLONG);
    name[0] = '@';
    memcpy(name + 1, address.sun_path + 1, count - 1);
    name[count] = 0;
    return fd;
}

ssize_t clinux_notify_receive(int descriptor, char *buffer, size_t capacity, pid_t *pid) {
    struct iovec vector = {buffer, capacity};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n;
    do n = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0) return -errno;
    *pid = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS) continue;
        struct ucred credentials;
        memcpy(&credentials, CMSG_DATA(c), sizeof credentials);
        *pid = credentials.pid;
    }
    return n;
}

int clinux_notify_connect(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t count = strlen(name);
    if (count < 2 || count >= sizeof address.sun_path) return -EINVAL;
    memcpy(address.sun_path, name, count);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count);
    if (name[0] == '@') address.sun_path[0] = 0;
    else length += 1;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&address, length) < 0) return close_with(fd, errno);
    return fd;
}

ssize_t clinux_notify_send(int descriptor, const char *text, size_t length) {
    ssize_t n = send(descriptor, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? -errno : n;
}
