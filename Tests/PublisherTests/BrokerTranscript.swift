import SharedHTTP
import TestSupport

@testable import Publisher

/// The recorded exchanges with the real broker in `Tests/Fixtures/broker`.
struct BrokerTranscript {
    struct Exchange {
        var file: String
        /// Counts from 1 within the file.
        var number: Int
        var method: String
        var path: String
        var requestHeaders: HTTPHeaders
        /// JSON that the recorder cut is left out: such an answer counts with status and headers only.
        var response: HTTPResponse
        /// The answer's body as far as it was recorded.
        var recorded: String
        var isCut: Bool

        /// What kind of request of ours it is like, if any.
        var kind: BrokerRequest.Kind? {
            let path = path.split(separator: "?").first.map(String.init) ?? path
            switch (method, path) {
            case ("GET", "/diagnostic/status/heartbeat"): return .heartbeat
            case ("GET", "/diagnostic/status/dependencies"): return .dependencies
            case ("GET", "/"): return .index
            case ("GET", "/pacts/latest"): return .latestPacts
            case ("POST", "/contracts/publish"): return .publish
            case ("POST", "/pacticipants"): return .createPacticipant
            case ("GET", _): return readKind(path.split(separator: "/", omittingEmptySubsequences: false))
            case ("PUT", _): return writeKind(path.split(separator: "/", omittingEmptySubsequences: false))
            default: return nil
            }
        }

        private func readKind(_ parts: [Substring]) -> BrokerRequest.Kind? {
            guard parts.count >= 7, parts[1] == "pacts", parts[2] == "provider", parts[4] == "consumer" else {
                return nil
            }
            if parts.count == 7, parts[6] == "latest" { return .latestPact }
            return parts.count == 8 && parts[6] == "version" ? .pactVersion : nil
        }

        /// A pact by itself, and labels of versions: what brokers without `/contracts/publish` are sent.
        private func writeKind(_ parts: [Substring]) -> BrokerRequest.Kind? {
            // More parts than ours have: what a proxy makes of an escaped slash.
            if parts.starts(with: ["", "pacts", "provider"]), parts.dropLast().last == "version" { return .publish }
            guard parts.starts(with: ["", "pacticipants"]) else { return nil }
            if parts.count == 5 || parts.count == 7 && parts[5] == "tags" {
                return parts[3] == "versions" ? .label : nil
            }
            return parts.count == 7 && parts[3] == "branches" && parts[5] == "versions" ? .label : nil
        }
    }

    /// The names of all transcripts, in order.
    static func files() throws -> [String] { try FileNames.inDirectory(RepositoryFile.root + "/Tests/Fixtures/broker") }

    /// All exchanges of a file whose answer is an HTTP response.
    static func exchanges(_ file: String) throws -> [Exchange] { try read(file).exchanges }

    /// - Returns: The exchanges, and how many requests were answered with no HTTP/1 response.
    static func read(_ file: String) throws -> (exchanges: [Exchange], unanswered: Int) {
        let text = try RepositoryFile.text("Tests/Fixtures/broker/\(file)")
        let parts = text.components(separatedBy: "===== REQUEST =====\n").dropFirst()
        let exchanges = parts.enumerated().compactMap { exchange($0.element, file, number: $0.offset + 1) }
        return (exchanges, parts.count - exchanges.count)
    }

    private static func exchange(_ part: String, _ file: String, number: Int) -> Exchange? {
        let halves = part.components(separatedBy: "===== RESPONSE =====\n")
        guard halves.count == 2 else { return nil }
        let request = head(halves[0])
        let words = request.first.split(separator: " ").map(String.init)
        var answer = halves[1]
        let cut = answer.firstRange(of: "\n[... response cut here")
        if let cut {
            answer = String(answer[..<cut.lowerBound])
        } else if let end = answer.firstRange(of: "\n\n\n") {
            // The next exchange's comments and command follow after two blank lines.
            answer = String(answer[..<end.lowerBound])
        }
        var response = head(answer)
        // libcurl passes over interim answers as well.
        if response.first.hasPrefix("HTTP/1.1 100 ") { response = head(response.body) }
        guard words.count >= 2, response.first.hasPrefix("HTTP/1."),
            let status = Int(response.first.split(separator: " ")[1])
        else { return nil }
        // The beginning of a text is a text; of JSON it is nothing.
        let isUsable = cut == nil || response.headers["content-type"] == "text/plain"
        return Exchange(
            file: file,
            number: number,
            method: words[0],
            path: words[1],
            requestHeaders: request.headers,
            response: HTTPResponse(
                status: status,
                headers: response.headers,
                body: isUsable ? Array(response.body.utf8) : []
            ),
            recorded: response.body,
            isCut: cut != nil
        )
    }

    private static func head(_ text: String) -> (first: String, headers: HTTPHeaders, body: String) {
        let split = text.firstRange(of: "\n\n")
        let head = split.map { text[..<$0.lowerBound] } ?? text[...]
        let lines = head.split(separator: "\n")
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers.append(String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        var body = split.map { String(text[$0.upperBound...]) } ?? ""
        while body.last == "\n" { body.removeLast() }
        return (lines.first.map(String.init) ?? "", headers, body)
    }
}

extension String {
    /// FoundationEssentials has no search for a literal.
    func firstRange(of text: String) -> Range<Index>? {
        let haystack = utf8
        let needle = Array(text.utf8)
        var start = haystack.startIndex
        while start < haystack.endIndex {
            if haystack[start...].starts(with: needle) { return start..<haystack.index(start, offsetBy: needle.count) }
            start = haystack.index(after: start)
        }
        return nil
    }

    func components(separatedBy text: String) -> [String] {
        var result: [String] = []
        var rest = self
        while let range = rest.firstRange(of: text) {
            result.append(String(rest[..<range.lowerBound]))
            rest = String(rest[range.upperBound...])
        }
        return result + [rest]
    }
}
