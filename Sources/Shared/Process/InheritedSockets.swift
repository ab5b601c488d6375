internal import CLinux
internal import Glibc

/// Sockets handed over by the supervisor or by systemd (sd_listen_fds(3)): descriptors from 3 up.
package enum InheritedSockets {
    /// The descriptors meant for this very process, made close-on-exec; empty if there are none.
    ///
    /// `LISTEN_PID` must be ours: a grandchild that inherits the environment gets nothing.
    package static func take(environment: ProcessEnvironment, pid: Int32 = getpid()) -> [Int32] {
        guard environment["LISTEN_PID"] == String(pid), let text = environment["LISTEN_FDS"], let count = Int32(text),
            count > 0, count < 64
        else { return [] }
        let descriptors = (3..<(3 + count)).map { $0 }
        for descriptor in descriptors { _ = clinux_set_cloexec(descriptor, true) }
        return descriptors
    }
}
