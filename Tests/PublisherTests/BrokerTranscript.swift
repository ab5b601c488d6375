import SharedHTTP
import TestSupport

@testable import Publisher

/// The recorded exchanges with the real broker in `Tests/Fixtures/broker`.
struct BrokerTranscript {
    struct Exchange {
        var file: String
        var number: Int
        var method: String
        var path: String
        var requestHeaders: HTTPHeaders
        /// A body that the recorder cut is `nil`: such an answer counts with status and headers only.
        var response: HTTPResponse
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
            default: break
            }
            guard method == "GET", path.hasPrefix("/pacts/provider/"), path.contains("/consumer/") else { return nil }
            if path.hasSuffix("/latest") { return .latestPact }
            let parts = path.split(separator: "/")
            return parts.count == 7 && parts[5] == "version" ? .pactVersion : nil
        }
    }

    /// All exchanges of a file whose answer is an HTTP response.
    static func exchanges(_ file: String) throws -> [Exchange] {
        let text = try RepositoryFile.text("Tests/Fixtures/broker/\(file)")
        var result: [Exchange] = []
        for part in text.components(separatedBy: "===== REQUEST =====\n").dropFirst() {
            let halves = part.components(separatedBy: "===== RESPONSE =====\n")
            guard halves.count == 2 else { continue }
            let request = head(halves[0])
            let words = request.first.split(separator: " ").map(String.init)
            var answer = halves[1]
            let isCut = answer.contains("[... response cut here")
            // The next exchange's comments and command follow after two blank lines.
            if let end = answer.firstRange(of: "\n\n\n") { answer = String(answer[..<end.lowerBound]) }
            let response = head(answer)
            guard words.count >= 2, response.first.hasPrefix("HTTP/1.1 "),
                let status = Int(response.first.split(separator: " ")[1])
            else { continue }
            result.append(
                Exchange(
                    file: file,
                    number: result.count,
                    method: words[0],
                    path: words[1],
                    requestHeaders: request.headers,
                    response: HTTPResponse(
                        status: status,
                        headers: response.headers,
                        body: isCut ? [] : Array(response.body.utf8)
                    ),
                    isCut: isCut
                )
            )
        }
        return result
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

    static let files = [
        "00-index.txt", "01-heartbeat.txt", "02-dependencies.txt", "03-index-accepts.txt", "05-auth-matrix.txt",
        "06-links-follow-host-header.txt", "07-base-url-configured.txt", "08-public-heartbeat.txt",
        "29-put-similar-name-409.txt", "50-publish-one.txt", "51-publish-same-again.txt", "52-publish-several.txt",
        "53-publish-branch.txt", "54-publish-tags.txt", "55-publish-all-fields.txt", "56-publish-branch-changes.txt",
        "57-publish-conflict-409.txt", "58-publish-conflict-is-atomic.txt", "59-publish-overwrite-dangerous.txt",
        "60-publish-merge-dangerous.txt", "61-publish-invalid-base64.txt", "62-publish-consumer-mismatch.txt",
        "63-publish-missing-fields.txt", "64-publish-empty-contracts.txt", "65-publish-bad-content.txt",
        "66-publish-content-type.txt", "67-publish-unauthenticated.txt", "68-publish-names.txt",
        "69-publish-same-provider-twice.txt", "70-publish-messages.txt", "71-publish-verification-webhook-notices.txt",
        "72-publish-extra-members.txt", "80-get-pact-version.txt", "82-get-conditional.txt", "83-get-latest.txt",
        "84-get-pacts-latest.txt", "94-delete-and-republish.txt",
        "A1-database-wiped.txt", "A2-postgres-differences.txt", "A3-postgres-down.txt",
    ]
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
