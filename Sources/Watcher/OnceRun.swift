import FoundationEssentials
import Glibc
import Logging
import Shared

/// `watcher --once`: one look at the ConfigMaps or a directory, printed. Touches neither state directory nor locks.
enum OnceRun {
    /// How often a directory that is being written is read again.
    private static let attempts = 20

    /// - Parameter contracts: The directory to read, whatever the settings say.
    static func run(_ context: ProcessContext, contracts: String?, json: Bool) -> ExitCode {
        let report: OnceReport
        do {
            report = try self.report(context.settings, contracts)
        } catch {
            context.logger.error("the source cannot be looked at", metadata: ["error": "\(error)"])
            return .systemFailure
        }
        do {
            let text = json ? try report.json() : report.text
            try writeAll(STDOUT_FILENO, text, subject: "standard output")
            return report.isGood ? .success : .failure
        } catch {
            context.logger.error("the result cannot be printed", metadata: ["error": "\(error)"])
            return .systemFailure
        }
    }

    private static func report(_ settings: Settings, _ contracts: String?) throws -> OnceReport {
        let path = contracts ?? settings.configMapPath
        let place = contracts.map { "--contracts \($0)" } ?? "CONFIGMAP_PATH=\(path)"
        func directory() -> DirectoryReading { settledReading(DirectoryReader(path: path, place: place)) }
        guard contracts == nil, let kubernetes = settings.kubernetes else {
            let reading = directory()
            return OnceReport(place: place, outcome: reading.outcome, warnings: reading.warnings)
        }
        let look = try KubernetesLook(settings, kubernetes)
        switch look.decision {
        case .content:
            let found = ConfigMapContent(look.watches)
            let isIncomplete = look.watches.contains { !$0.state.wasDelivered }
            return OnceReport(
                place: look.place,
                outcome: .content(found.content),
                warnings: found.warnings,
                isIncomplete: isIncomplete
            )
        case .asBefore: return OnceReport(place: look.place, outcome: .absent(reason: "no answer"), warnings: [])
        case .lost(let reason), .missing(let reason):
            return OnceReport(place: look.place, outcome: .absent(reason: reason), warnings: [])
        case .directory(_, let reason):
            let reading = directory()
            guard case .content = reading.outcome else {
                return OnceReport(place: look.place, outcome: .absent(reason: reason), warnings: [])
            }
            return OnceReport(
                place: place,
                outcome: reading.outcome,
                warnings: ["this is the directory: \(reason)"] + reading.warnings,
                // Who asks for the API by name is not content with what stands in for it.
                isIncomplete: settings.contractSource == .kubernetes
            )
        }
    }

    /// A reading of a directory at rest, unless it never is.
    static func settledReading(_ reader: DirectoryReader) -> DirectoryReading {
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
