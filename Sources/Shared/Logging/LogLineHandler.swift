internal import Glibc
package import Logging

/// How log lines look.
package enum LogFormat: String, CaseIterable, Sendable {
    /// `2026-11-23T01:02:03.456Z WARN publisher: message key=value`
    case text
    /// One JSON object with `time`, `level`, `worker`, `message`, then the fields.
    case json
}

/// Writes one line per message to standard error or, in the manager's workers, to the pipe in its place.
///
/// A line is at most 16 KiB and goes out in one write(2), so that lines of several processes never mix; control
/// characters are escaped, so that no text from a contract or a broker can forge a line.
package struct LogLineHandler: LogHandler {
    /// The longest line in bytes, the newline included.
    package static let maximumLineBytes = 16 * 1024

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let worker: String
    private let format: LogFormat
    private let descriptor: Int32

    package init(worker: String, level: Logger.Level, format: LogFormat, descriptor: Int32 = STDERR_FILENO) {
        self.worker = worker
        logLevel = level
        self.format = format
        self.descriptor = descriptor
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields: [(String, String)] = metadata.map { ($0.key, "\($0.value)") }
        if let explicit = event.metadata { fields += explicit.map { ($0.key, "\($0.value)") } }
        if let error = event.error { fields.append(("error", "\(error)")) }
        let line = LogLine(
            time: WallClock.now(),
            level: event.level,
            worker: worker,
            message: "\(event.message)",
            fields: fields.sorted { $0.0 < $1.0 }
        )
        let bytes = line.encoded(format)
        // A log line that cannot be written has nowhere else to go; the process must not die of it.
        try? writeAll(descriptor, bytes, subject: "log")
    }
}

extension Logger {
    /// The logger of one process.
    package static func process(_ worker: String, level: Logger.Level, format: LogFormat) -> Logger {
        Logger(label: worker) { _ in LogLineHandler(worker: worker, level: level, format: format) }
    }
}
