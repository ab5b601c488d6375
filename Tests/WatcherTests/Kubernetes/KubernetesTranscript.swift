import TestSupport

/// A recording of curl against a real API server.
struct KubernetesTranscript {
    /// Without the times that begin some of them.
    let lines: [String]

    init(_ name: String) throws {
        lines = try RepositoryFile.text("Tests/Fixtures/kubernetes/\(name)")
            .split(separator: "\n", omittingEmptySubsequences: false).map(Self.withoutTime)
    }

    static let names = [
        "03-watch-added-modified-deleted.txt", "04-watch-without-rv.txt", "06-send-initial-events.txt",
        "07b-410-after-restart.txt",
    ]

    /// Lines of watches that were recorded whole.
    var watchLines: [String] { lines.filter { $0.hasPrefix(#"{"type":""#) && $0.hasSuffix("}}") } }

    /// The JSON bodies that span several lines.
    var bodies: [String] {
        var bodies: [String] = []
        var open: [String]?
        for line in lines {
            if line == "{" { open = [] }
            open?.append(line)
            if line == "}", let body = open {
                bodies.append(body.joined(separator: "\n"))
                open = nil
            }
        }
        return bodies
    }

    private static func withoutTime(_ line: Substring) -> String {
        guard line.hasPrefix("["), line.dropFirst(13).hasPrefix("] ") else { return String(line) }
        return String(line.dropFirst(15))
    }
}
