import FoundationEssentials
import Glibc
import Logging
import Shared

/// `watcher --once`: one look at a directory, printed. Touches neither state directory nor locks.
enum OnceRun {
    /// How often a directory that is being written is read again.
    private static let attempts = 20

    /// - Parameter contracts: The directory to read instead of `CONFIGMAP_PATH`.
    static func run(_ context: ProcessContext, contracts: String?, json: Bool) -> ExitCode {
        let path = contracts ?? context.settings.configMapPath
        let place = contracts.map { "--contracts \($0)" } ?? "CONFIGMAP_PATH=\(path)"
        let report = OnceReport(place: place, reading: settledReading(DirectoryReader(path: path, place: place)))
        do {
            let text = json ? try report.json() : report.text
            try writeAll(STDOUT_FILENO, text, subject: "standard output")
        } catch {
            context.logger.error("the result cannot be printed", metadata: ["error": "\(error)"])
            return .systemFailure
        }
        return report.isGood ? .success : .failure
    }

    private static func settledReading(_ reader: DirectoryReader) -> DirectoryReading {
        var reading = reader.read()
        var left = attempts
        while reading.isUnsettled, left > 0 {
            left -= 1
            usleep(UInt32(DirectorySchedule.settle.nanoseconds / 1000))
            reading = reader.read()
        }
        return reading
    }
}
