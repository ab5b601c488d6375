import Glibc
import Shared
import Testing

/// Transcripts that were recorded one after the other against the same databases.
struct TranscriptSeries: CustomTestStringConvertible, Sendable {
    var name: String
    /// Beginnings of the files' names, in order.
    var files: [String]
    /// Exchanges that are not sent, by file and number, with the reason.
    var skipped: [String: String] = [:]
    /// Exchanges of which less is compared, by file and number, with the reason.
    var looser: [String: (strictness: TranscriptComparison.Strictness, reason: String)] = [:]
    /// Requests sent to broker A before the first file, where the recording begins with a filled broker.
    var seeds: [[UInt8]] = []
    /// How many exchanges must have been compared, so that none gets lost silently.
    var compared: Int

    var testDescription: String { name }

    /// The exchanges of all files.
    func exchanges() throws -> [TranscriptExchange] {
        let names = try Self.fixtureNames()
        return try files.flatMap { prefix in
            let name = try #require(names.first { $0.hasPrefix("\(prefix)-") }, "no transcript \(prefix)")
            return TranscriptExchange.parse(try Self.text(name), file: String(name.dropLast(4)))
        }
    }

    static var directory: String {
        let here = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(here)/Fixtures/broker"
    }

    private static func fixtureNames() throws -> [String] {
        let directory = try #require(opendir(directory))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            )
        }
        return names.sorted()
    }

    private static func text(_ name: String) throws -> String {
        let descriptor = try FileDescriptor(opening: "\(directory)/\(name)", flags: O_RDONLY)
        let bytes = try #require(try readAll(descriptor, limit: 1 << 24, subject: name))
        return String(decoding: bytes, as: UTF8.self)
    }
}
