import Glibc
import Logging
import Shared

/// `PUBLISHED_FLAG_PATH` of older manifests: a file that appears once something is published. Nobody here reads it.
struct PublishedFlag {
    private let path: String
    private var isDone: Bool

    init(path: String) {
        self.path = path
        isDone = path.isEmpty
    }

    /// Writes the file the first time that `isPublished` is true; a failure is told once.
    mutating func write(if isPublished: Bool, _ time: WallClock, _ logger: Logger) {
        guard isPublished, !isDone else { return }
        isDone = true
        do {
            let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            try writeAll(file.number, "\(time.rfc3339)\n", subject: path)
        } catch {
            logger.warning("PUBLISHED_FLAG_PATH cannot be written", error: error)
        }
    }
}
