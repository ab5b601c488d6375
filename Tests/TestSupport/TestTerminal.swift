internal import Glibc
internal import Shared

/// A pseudoterminal of a test's own, for programs that must have a controlling terminal.
package final class TestTerminal {
    private static let setsid = "/usr/bin/setsid"

    /// Why there can be none here; `nil` if there can.
    package static var obstacle: String? {
        if access(setsid, X_OK) != 0 { return "\(setsid) is not installed" }
        return access("/dev/ptmx", R_OK | W_OK) == 0 ? nil : "/dev/ptmx cannot be opened"
    }

    /// The end of a terminal emulator; nobody types anything.
    private let master: Int32
    /// The device, for example `/dev/pts/3`.
    package let path: String

    package init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: Int32 = 0
        var number: UInt32 = 0
        // unlockpt(3) and ptsname(3), which the Glibc module leaves out.
        guard master >= 0, ioctl(master, Self.setLock, &lock) == 0, ioctl(master, Self.getNumber, &number) == 0 else {
            let error = SystemError(call: "open", number: errno, subject: "/dev/ptmx")
            if master >= 0 { close(master) }
            throw error
        }
        path = "/dev/pts/\(number)"
    }

    /// TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)): macros with a size in them, which the importer skips.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    deinit { close(master) }

    /// Runs the program behind it as the leader of a session with this terminal, in the same process.
    package var wrapper: [String] { ["/bin/sh", "-c", "exec \(Self.setsid) --ctty \"$@\" <\(path)", "sh"] }

    /// Whether a process has a controlling terminal: the fifth field after the name in /proc/PID/stat (proc(5), tty_nr).
    package static func isControlling(_ pid: Int32) throws -> Bool {
        let text = try RepositoryFile.text("/proc/\(pid)/stat")
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 5 else { throw TestSupportError.timedOut(waitingFor: "/proc/\(pid)/stat", received: 0) }
        return fields[5] != "0"
    }
}
