internal import Shared

extension Answer {
    static let plainText = "text/plain; charset=utf-8"

    /// A probe in the form of the Kubernetes API server's `/livez` and `/readyz`: a line per check, then the verdict;
    /// `ok` alone if nobody asked for more and it passes.
    ///
    /// - Parameters:
    ///   - name: `livez` or `readyz`, whichever spelling was asked for.
    ///   - retryAfter: For a probe that does not pass, as its JSON form has it.
    static func checks(_ checks: [HealthCheck], name: String, _ query: CheckQuery, retryAfter: Int?) -> Answer {
        let counting = checks.filter { !query.excluded.contains($0.name) }
        let passes = counting.allSatisfy { $0.failure == nil }
        guard query.isVerbose || !passes else {
            return Answer(status: 200, contentType: plainText, body: Array("ok".utf8))
        }
        var lines = checks.map { check in
            if query.excluded.contains(check.name) { return "[+]\(check.name) excluded: ok" }
            guard let failure = check.failure else { return "[+]\(check.name) ok" }
            return "[-]\(check.name) failed: \(failure.code): \(oneLine(failure.detail))"
        }
        let names = checks.map(\.name)
        for unknown in query.excluded.prefix(20) where !names.contains(unknown) {
            let known = names.joined(separator: ", ")
            lines.append("warn: nothing is excluded by '\(oneLine(String(unknown.prefix(100))))'; there are \(known)")
        }
        lines.append("\(name) check \(passes ? "passed" : "failed")")
        let body = Array((lines.joined(separator: "\n") + "\n").utf8)
        return Answer(
            status: passes ? 200 : 503,
            contentType: plainText,
            body: body,
            retryAfter: passes ? nil : retryAfter
        )
    }

    /// A broker's text must not look like a line of ours.
    private static func oneLine(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let isSeparator = scalar.value == 0x2028 || scalar.value == 0x2029
            result.unicodeScalars.append(isControl || isSeparator ? " " : scalar)
        }
        return result
    }
}
