#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern inline uint64_t clinux_load_relaxed(const void *p);
extern inline void clinux_store_relaxed(void *p, uint64_t v);
extern inline uint32_t clinux_load32_acquire(const void *p);
extern inline bool clinux_compare_exchange32(void *p, uint32_t expected, uint32_t desired);
extern inline void clinux_fence_release(void);
extern inline void clinux_fence_acquire(void);

int clinux_futex_wait(const void *word, uint32_t expected, int64_t timeout_nanoseconds) {
    struct timespec timeout = {timeout_nanoseconds / 1000000000, timeout_nanoseconds % 1000000000};
    return syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0) < 0 ? -errno : 0;
}

int clinux_futex_wake(const void *word, int count) {
    long woken = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
    return woken < 0 ? -errno : (int)woken;
}

static int lock_command(int descriptor, int64_t offset, short type) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = offset;
    lock.l_len = 1;
    int result;
    do result = fcntl(descriptor, F_OFD_SETLK, &lock);
    while (result < 0 && errno == EINTR);
    if (result == 0) return 0;
    return errno == EACCES ? -EAGAIN : -errno;
}

int clinux_lock_byte(int descriptor, int64_t offset, bool exclusive) {
    return lock_command(descriptor, offset, exclusive ? F_WRLCK : F_RDLCK);
}

int clinux_byte_is_locked(int descriptor, int64_t offset) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = offset;
    lock.l_len = 1;
    if (fcntl(descriptor, F_OFD_GETLK, &lock) < 0) return -errno;
    return lock.l_type == F_UNLCK ? 0 : 1;
}

// ---- CRC-32C ---------------------------------------------------------------------------------------------------------

static uint32_t crc_table[256];

__attribute__((constructor)) static void make_crc_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82f63b78u : c >> 1;
        crc_table[i] = c;
    }
}

static uint32_t crc_portable(uint32_t crc, const uint8_t *p, size_t n) {
    while (n--) crc = crc_table[(crc ^ *p++) & 0xff] ^ (crc >> 8);
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const uint8_t *p, size_t n) {
    uint64_t x = crc;
    while (n >= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        x = __builtin_ia32_crc32di(x, v);
        p += 8;
        n -= 8;
    }
    while (n--) x = __builtin_ia32_crc32qi((uint32_t)x, *p++);
    return (uint32_t)x;
}
#endif

uint32_t clinux_crc32c(uint32_t crc, const void *bytes, size_t count) {
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc_hardware(crc, bytes, count);
#endif
    return ~crc_portable(crc, bytes, count);
}

// ---- SIGBUS ----------------------------------------------------------------------------------------------------------

// A slot is free while `taken` is 0 and matches no address while `base` is 0, so that threads can guard and unguard while
// another one faults.
enum { GUARDS = 64 };
static struct {
    int taken;
    uintptr_t base;
    size_t length;
    int faulted;
} guards[GUARDS];
static int handler_installed;

// Async-signal-safe: mmap is a plain system call. The page is private and zero: the owner sees the flag after its commit
// and replaces the file; until then its stores go nowhere, which is what a truncated file deserves.
static void on_sigbus(int signal, siginfo_t *info, void *context) {
    (void)context;
    uintptr_t address = (uintptr_t)info->si_addr;
    for (int i = 0; i < GUARDS; i++) {
        uintptr_t base = __atomic_load_n(&guards[i].base, __ATOMIC_ACQUIRE);
        if (base == 0 || address < base || address >= base + guards[i].length) continue;
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        void *start = (void *)(address & ~(uintptr_t)(page - 1));
        if (mmap(start, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) break;
        __atomic_store_n(&guards[i].faulted, 1, __ATOMIC_RELEASE);
        return;
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    // Returning repeats the access, and the default action follows. A SIGBUS that somebody sent is survived once.
    sigaction(signal, &action, NULL);
}

int clinux_guard_mapping(void *base, size_t length) {
    if (!handler_installed) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = on_sigbus;
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        if (sigaction(SIGBUS, &action, NULL) < 0) return -errno;
        handler_installed = 1;
    }
    for (int i = 0; i < GUARDS; i++) {
        int free_slot = 0;
        if (!__atomic_compare_exchange_n(&guards[i].taken, &free_slot, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            continue;
        guards[i].length = length;
        __atomic_store_n(&guards[i].faulted, 0, __ATOMIC_RELEASE);
        __atomic_store_n(&guards[i].base, (uintptr_t)base, __ATOMIC_RELEASE);
        return i;
    }
    return -ENOSPC;
}

void clinux_unguard_mapping(int slot) {
    if (slot < 0 || slot >= GUARDS) return;
    __atomic_store_n(&guards[slot].base, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&guards[slot].taken, 0, __ATOMIC_RELEASE);
}

bool clinux_mapping_faulted(int slot) {
    return slot >= 0 && slot < GUARDS && __atomic_load_n(&guards[slot].faulted, __ATOMIC_ACQUIRE) != 0;
}
