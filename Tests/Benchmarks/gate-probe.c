// The gated command of gate.py. Its first act is to take the time: prints "monotonic realtime ready\n", nanoseconds and
// what PACT_CONTRACT_READY says. Static: no library is loaded before main().
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void) {
    long long monotonic = now(CLOCK_MONOTONIC), real = now(CLOCK_REALTIME);
    const char *ready = getenv("PACT_CONTRACT_READY");
    printf("%lld %lld %s\n", monotonic, real, ready ? ready : "-");
    return 0;
}
