import Glibc
import Shared

/// Lines for people, on standard error.
enum Diagnostics {
    static func report(_ text: String) {
        // Nothing can be done if standard error is gone, and nobody would read of it.
        try? writeAll(STDERR_FILENO, "\(WallClock.now().rfc3339) local-kubernetes: \(text)\n", subject: "stderr")
    }
}
