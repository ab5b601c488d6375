internal import CLinux
internal import Glibc

/// Takes the locks of a state directory.
package enum StateLocks {
    /// The wait between two attempts: a worker's successor starts at most this late after its predecessor's death.
    static let step = Duration.milliseconds(10)

    /// Takes `name`, waiting for a dying predecessor.
    ///
    /// - Parameters:
    ///   - run: `MANAGER_RUN_ID`, for the holder's text.
    ///   - waitingUpTo: How long to try; zero tries once.
    /// - Throws: `locked` with the holder's pid, host and start time when the time is up; `notWritable`, `full` or
    ///   `system` at once when there is no usable lock file.
    package static func acquire(
        _ name: LockName,
        in directory: StateDirectory,
        run: String = "",
        waitingUpTo limit: Duration = .zero
    ) throws(StateError) -> StateLock {
        let deadline = MonotonicTime.now() + limit
        while true {
            do throws(StateError) {
                return try StateLock(name, in: directory, run: run)
            } catch {
                guard case .locked = error, MonotonicTime.now() < deadline else { throw error }
                pause(step)
            }
        }
    }

    /// Takes the manager's lock without waiting: the second manager of a directory must exit at once.
    ///
    /// - Throws: `locked`, whose description names the first manager's pid, its start time and `STATE_DIR`.
    package static func acquireManager(in directory: StateDirectory, run: String) throws(StateError) -> StateLock {
        try acquire(.manager, in: directory, run: run)
    }

    /// Who holds `name` at this moment; takes and waits for nothing.
    ///
    /// - Returns: `nil` if nobody does, or if there is no readable lock file.
    package static func holder(_ name: LockName, in directory: StateDirectory) -> LockHolder? {
        guard let file = try? FileDescriptor(opening: directory.lockPath, flags: O_RDONLY | O_NOFOLLOW),
            clinux_byte_is_locked(file.number, Int64(name.offset)) == 1
        else { return nil }
        return StateLock.holder(name, file.number) ?? LockHolder(pid: 0, host: "unknown", started: "unknown", run: "")
    }

    /// Sleeps; a signal may end it early.
    static func pause(_ duration: Duration) {
        let nanoseconds = max(0, duration.nanoseconds)
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        nanosleep(&time, nil)
    }
}
