// Linux calls that `import Glibc` lacks or that Swift cannot express (variadic calls, macros, code between clone and
// execve, signal handlers). Every function says why it exists. All return 0 or a value on success and -errno on failure
// unless stated, so that Swift never has to read errno after another call may have changed it.
#ifndef PMM_CLINUX_H
#define PMM_CLINUX_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/types.h>

// ---- processes -----------------------------------------------------------------------------------------------------

/// What one spawn needs. Swift must not fork: code between fork and execve may run neither the Swift runtime nor malloc.
struct clinux_spawn_request {
    const char *path;            ///< absolute path of the executable
    char *const *argv;           ///< NULL-terminated
    char *const *envp;           ///< NULL-terminated
    char *listen_pid_buffer;     ///< NULL, or a writable buffer of >= 24 bytes inside envp that becomes "LISTEN_PID=<pid>"
    const int *descriptors;      ///< descriptors[i] becomes descriptor i in the child (-1: /dev/null); all others are closed
    size_t descriptor_count;
    uint64_t data_limit;         ///< RLIMIT_DATA in bytes, soft and hard; 0 leaves it alone
    uint64_t descriptor_limit;   ///< soft RLIMIT_NOFILE to raise to (capped by the hard limit); 0 leaves it alone
    bool new_group;              ///< setpgid(0, 0), so that the whole group can be signalled
    int parent_death_signal;     ///< PR_SET_PDEATHSIG, with a getppid() check afterwards; 0 for none
};

/// clone(CLONE_VM | CLONE_VFORK) + execve: returns when the child has executed or failed, 0 or the child's -errno.
/// The child gets default signal handlers and an empty signal mask. `*stage` names the failing step (static text).
int clinux_spawn(const struct clinux_spawn_request *request, pid_t *pid, const char **stage);

/// PR_SET_CHILD_SUBREAPER: orphaned grandchildren come to us when we are not PID 1.
int clinux_set_child_subreaper(void);
/// waitid(P_ALL, WEXITED | WNOHANG | WNOWAIT): 1 = a child has exited and waits to be reaped, 0 = none, -ECHILD = there
/// are no children. `*code` is CLD_EXITED, CLD_KILLED or CLD_DUMPED; `*status` the exit code or the signal. Until
/// clinux_reap its pid (and so its group) cannot belong to anybody else: the moment to kill what it left behind.
int clinux_peek_exit(pid_t *pid, int *code, int *status);
/// Reaps one child that clinux_peek_exit named.
int clinux_reap(pid_t pid);
/// CLD_EXITED and friends are macros over an enum that the importer does not surface.
int clinux_cld_exited(void);
/// The short name of a signal ("SEGV"), or NULL. sigabbrev_np, not in the Glibc module.
const char *clinux_signal_name(int signal);
/// getrlimit/setrlimit take an enum in C that is not an Int32 in Swift.
int clinux_get_descriptor_limit(uint64_t *soft, uint64_t *hard);
int clinux_set_descriptor_limit(uint64_t soft);
/// pthread_setattr_default_np: the stack of threads that libraries start from now on, in bytes. Their default is 8 MiB,
/// which counts in full for RLIMIT_DATA.
int clinux_set_default_stack(size_t bytes);

// ---- descriptors and waiting ---------------------------------------------------------------------------------------

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int clinux_epoll_remove(int epoll, int descriptor);
/// Returns the number of ready events (their tokens and masks copied out), 0 on time-out, -errno (EINTR included).
int clinux_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity, int timeout_milliseconds);
/// signalfd4 for the given signals, non-blocking and close-on-exec. The signals must be blocked already.
int clinux_signal_descriptor(const int *signals, size_t count);
/// Blocks the signals for the calling thread (and every thread created later).
int clinux_block_signals(const int *signals, size_t count);
/// Reads one signal number from a signalfd: > 0, 0 when none is pending, or -errno.
int clinux_read_signal(int descriptor);
int clinux_timer_create(void);
/// Arms a CLOCK_MONOTONIC timerfd at an absolute time in nanoseconds; 0 disarms it.
int clinux_timer_set(int descriptor, int64_t deadline_nanoseconds);
int clinux_event_create(void);
int clinux_pipe(int descriptors[2], bool nonblocking_read);
int clinux_set_cloexec(int descriptor, bool on);
int clinux_set_nonblocking(int descriptor);
/// open(2) and openat(2) are variadic in C.
int clinux_open(const char *path, int flags, mode_t mode);
int clinux_openat(int directory, const char *path, int flags, mode_t mode);
int clinux_inotify_create(void);
/// f_type of statfs(2), 32 bits (sys/vfs.h is not in the Glibc module), or -errno.
int64_t clinux_file_system_type(const char *path);

// ---- sockets ---------------------------------------------------------------------------------------------------------

/// A listening TCP socket, close-on-exec and non-blocking, SO_REUSEADDR. `host` is an address literal; an IPv6 one is
/// dual stack (IPV6_V6ONLY off). Returns the descriptor or -errno; -EAFNOSUPPORT where IPv6 is off; -EINVAL: no literal.
int clinux_listen_tcp(const char *host, uint16_t port, int backlog);
/// The port a socket is bound to, or -errno.
int clinux_bound_port(int descriptor);
/// An abstract, autobound AF_UNIX datagram socket with SO_PASSCRED; `name` receives its name with '@' for the NUL.
int clinux_notify_listen(char *name, size_t capacity);
/// One datagram: bytes read (0..), its sender's pid in `*pid`; -EAGAIN when none is left.
ssize_t clinux_notify_receive(int descriptor, char *buffer, size_t capacity, pid_t *pid);
/// A connected AF_UNIX datagram socket to `name` ('@…' = abstract, else a path).
int clinux_notify_connect(const char *name);
/// send(2) with MSG_DONTWAIT | MSG_NOSIGNAL: net.unix.max_dgram_qlen is 10, a full queue must never block a worker.
ssize_t clinux_notify_send(int descriptor, const char *text, size_t length);

// ---- memory ------------------------------------------------------------------------------------------------------------

/// Gives back what a start has needed and rest does not: free heap, and the mapped pages of programs and libraries, which
/// are mapped again, from the page cache, where they are used; never a page that somebody wrote to. Any thread, any time;
/// costs the faults that follow.
void clinux_release_start_memory(void);

// ---- the state file ---------------------------------------------------------------------------------------------------

/// FUTEX_WAIT (shared) on the 4-byte aligned word: 0 woken, -EAGAIN the word differs, -ETIMEDOUT, -EINTR, -EFAULT.
int clinux_futex_wait(const void *word, uint32_t expected, int64_t timeout_nanoseconds);
int clinux_futex_wake(const void *word, int count);
/// F_OFD_SETLK on [offset, offset + 1): 0, or -EAGAIN when somebody else holds it. Never blocks.
int clinux_lock_byte(int descriptor, int64_t offset, bool exclusive);
/// F_OFD_GETLK: 1 if somebody holds an exclusive lock on the byte, 0 if nobody does. Takes nothing, so it disturbs nobody.
int clinux_byte_is_locked(int descriptor, int64_t offset);

/// Aligned, relaxed 8-byte accesses to shared memory and the three fences of the commit protocol. On x86-64 the fences
/// generate no instruction and no test here can notice a missing one; arm64 needs each of them.
///
/// `inline` without `static`, with one definition in state.c: debug builds call that one, and there the thread sanitizer
/// sees the accesses. It does not look into functions that Swift compiles from a header.
inline uint64_t clinux_load_relaxed(const void *p) { return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED); }
inline void clinux_store_relaxed(void *p, uint64_t v) { __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELAXED); }
inline uint32_t clinux_load32_acquire(const void *p) { return __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE); }
inline bool clinux_compare_exchange32(void *p, uint32_t expected, uint32_t desired) {
    return __atomic_compare_exchange_n((uint32_t *)p, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
/// Everything stored before is visible before anything stored after (slot and entry before the commit; the commit before
/// the blanking).
inline void clinux_fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }
/// Everything loaded before is loaded before anything loaded after (slot before the second look at the sequence).
inline void clinux_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }

/// CRC-32C (Castagnoli), continued from `crc` (0 to start). Uses SSE4.2 where the processor has it.
uint32_t clinux_crc32c(uint32_t crc, const void *bytes, size_t count);

/// Guards [base, base + length) against SIGBUS: a fault inside maps an anonymous page over it and sets a flag, any other
/// address gets the default action. One C handler, installed once; up to 64 regions, any thread. Slot number or -errno.
int clinux_guard_mapping(void *base, size_t length);
void clinux_unguard_mapping(int slot);
/// True if a fault was repaired in that region since it was guarded.
bool clinux_mapping_faulted(int slot);

// ---- hashes ----------------------------------------------------------------------------------------------------------

/// SHA-256 and SHA-1 over pieces (FIPS 180-4). `init` first, `update` as often as needed, `final` once. In C because no
/// library at hand has them without a BoringSSL build, and Swift's debug builds would be too slow for them.
struct clinux_sha256 {
    uint32_t h[8];
    uint64_t length;    ///< bytes so far
    uint8_t block[64];  ///< the block begun
};
void clinux_sha256_init(struct clinux_sha256 *state);
void clinux_sha256_update(struct clinux_sha256 *state, const void *bytes, size_t count);
/// `digest` receives 32 bytes.
void clinux_sha256_final(struct clinux_sha256 *state, uint8_t *digest);

struct clinux_sha1 {
    uint32_t h[5];
    uint64_t length;
    uint8_t block[64];
};
void clinux_sha1_init(struct clinux_sha1 *state);
void clinux_sha1_update(struct clinux_sha1 *state, const void *bytes, size_t count);
/// `digest` receives 20 bytes.
void clinux_sha1_final(struct clinux_sha1 *state, uint8_t *digest);

#endif
