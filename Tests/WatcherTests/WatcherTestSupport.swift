import Glibc
import Shared
import TestSupport

@testable import Watcher

/// A small valid contract.
func pact(_ consumer: String, _ provider: String, _ description: String = "a request", status: Int = 200) -> String {
    """
    {"consumer": {"name": "\(consumer)"}, "provider": {"name": "\(provider)"}, "interactions": [{"description": \
    "\(description)", "request": {"method": "GET", "path": "/"}, "response": {"status": \(status)}}], \
    "metadata": {"pactSpecification": {"version": "2.0.0"}}}
    """
}

/// A file that is no contract.
let broken = "{\"consumer\": "

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A moment on the test's own clock.
func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: 1_000_000 + milliseconds) }

let noon = WallClock(milliseconds: 1_800_000_000_000)

extension SourceContent {
    /// Valid or invalid JSON by key.
    static func of(_ files: [String: String]) -> SourceContent {
        SourceContent(
            entries: files.sorted { $0.key < $1.key }
                .map { SourceEntry(key: $0.key, content: .bytes(utf8($0.value))) }
        )
    }
}

extension SourceReading {
    static func of(_ files: [String: String], since: MonotonicTime = at(0)) -> SourceReading {
        SourceReading(outcome: .content(.of(files)), since: since)
    }

    static func absent(_ reason: String = "it is not there", since: MonotonicTime = at(0)) -> SourceReading {
        SourceReading(outcome: .absent(reason: reason), since: since)
    }
}

extension SourceReading.Outcome {
    /// The texts by key; `nil` if the source is not there.
    var texts: [String: String]? {
        guard case .content(let content) = self else { return nil }
        var texts: [String: String] = [:]
        for entry in content.entries {
            switch entry.content {
            case .bytes(let bytes): texts[entry.key] = String(decoding: bytes, as: UTF8.self)
            case .unusable(let reason): texts[entry.key] = "unusable: \(reason)"
            }
        }
        return texts
    }

    var reason: String? {
        switch self {
        case .content, .unchanged: nil
        case .absent(let reason), .unsettled(let reason): reason
        }
    }

    var ignored: [SourceState.IgnoredKey] {
        if case .content(let content) = self { content.ignored } else { [] }
    }
}
