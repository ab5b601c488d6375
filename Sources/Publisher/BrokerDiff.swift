import Shared

/// Reads the paths out of the textual diff that the broker shows for a content conflict.
///
/// The diff is indented JSON with two leading columns, `-` and `+` in the first for what differs (transcript
/// 57-publish-conflict-409). Elements of an array carry no index, so they are shown as `[*]`.
enum BrokerDiff {
    /// At most ``StateLimits/jsonPaths`` paths such as `$.interactions[*].request.path`, each once.
    static func paths(in text: String) -> [String] {
        var open: [(indentation: Int, step: String)] = []
        var result: [String] = []
        for line in text.split(separator: "\n").prefix(10_000) {
            let isChange = line.first == "-" || line.first == "+"
            let content = line.dropFirst()
            let indentation = content.prefix { $0 == " " }.count
            let body = content.dropFirst(indentation)
            guard !body.isEmpty else { continue }
            open.removeAll { $0.indentation >= indentation }
            let step = step(body)
            if isChange, body.first != "}", body.first != "]" {
                let path = "$" + open.map(\.step).joined() + step
                if !result.contains(path) { result.append(path) }
                if result.count == StateLimits.jsonPaths { break }
            }
            if body.last == "{" || body.last == "[" {
                open.append((indentation, step + (body.last == "[" ? "[*]" : "")))
            }
        }
        return result
    }

    /// `.name` for a line that starts with a member's name, nothing for an element of an array.
    private static func step(_ body: Substring) -> String {
        guard body.first == "\"" else { return "" }
        let parts = body.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].first == ":" else { return "" }
        return ".\(parts[1])"
    }
}
