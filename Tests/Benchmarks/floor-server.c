// The smallest HTTP server there can be: accept, read once, write a constant, close; one connection at a time. Not a
// product but the bound below which no answer on a new connection can be on this machine.
//
// floor-server: prints "port=N" and serves until it is killed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n"
    "{\"status\":\"ok\"}";

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    char request[4096];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) || listen(listener, 512)) return 71;
    if (getsockname(listener, (struct sockaddr *)&address, &length)) return 71;
    printf("port=%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) continue;
        if (read(connection, request, sizeof request) > 0) send(connection, answer, sizeof answer - 1, MSG_NOSIGNAL);
        close(connection);
    }
}
