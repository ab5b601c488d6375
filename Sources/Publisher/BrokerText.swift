import Shared
import SharedHTTP

/// The human part of a broker's answer, wherever it is: notices, `errors`, `error`, problem+json or plain text.
struct BrokerText {
    private let json: JSONValue?
    private let plain: String

    init(_ response: HTTPResponse) {
        // Contracts come back in some answers: a part of the depth is enough for the texts.
        json = try? JSONReader.parse(response.body, options: .init(buildDepth: 8))
        let type = response.headers["content-type"] ?? ""
        let isPlain = json == nil && !type.contains("html")
        plain = isPlain ? StateLimits.cut(String(decoding: response.body.prefix(4096), as: UTF8.self)) : ""
    }

    /// The broker's own words as one text of at most 1 KiB, or `fallback` if it said nothing.
    func sentence(or fallback: String) -> String {
        let texts = messages
        let text = texts.isEmpty ? trimmed(plain) : texts.joined(separator: "; ")
        return text.isEmpty ? fallback : StateLimits.cut(text)
    }

    /// The `reference` under which the broker logged a 500.
    var reference: String? { json?["error"]?["reference"]?.string }

    /// What a successful publication remarked.
    var notices: PublishNotices {
        var result = PublishNotices()
        var published = 0
        var unchanged = 0
        for notice in noticeList {
            switch notice.type {
            case "warning", "error": result.warnings.append(StateLimits.cut(notice.text))
            case "success":
                published += 1
                if notice.text.contains("no content changes") { unchanged += 1 }
            default: break
            }
        }
        result.warnings = Array(result.warnings.prefix(20))
        result.isUnchanged = published > 0 && published == unchanged
        return result
    }

    /// The paths named by the diff in the `info` notice of a content conflict; at most five.
    var differingPaths: [String] {
        noticeList.lazy.filter { $0.type == "info" }.map { BrokerDiff.paths(in: $0.text) }.first { !$0.isEmpty } ?? []
    }

    /// The first text in double quotes.
    static func quotedName(in text: String) -> String? {
        let parts = text.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 && !parts[1].isEmpty ? String(parts[1]) : nil
    }

    private var noticeList: [(type: String, text: String)] {
        (json?["notices"]?.array ?? [])
            .compactMap { notice in
                guard let type = notice["type"]?.string, let text = notice["text"]?.string else { return nil }
                return (type, text)
            }
    }

    private var messages: [String] {
        var texts: [String] = []
        let errors = noticeList.filter { $0.type == "error" }.map(\.text)
        if !errors.isEmpty {
            texts = errors
        } else if let errors = json?["errors"] {
            texts = BrokerText.leaves(errors)
        } else if let error = json?["error"] {
            texts = [error.string ?? error["message"]?.string].compactMap { $0 }
        } else if let detail = json?["detail"]?.string ?? json?["title"]?.string {
            // problem+json. Its `status` member may say 500 in a 400 (measured) and is not looked at.
            texts = [detail]
        }
        return texts.map(trimmed).filter { !$0.isEmpty }
    }

    /// `{"field": ["text"]}` as `field: text`; problem+json's list of `{"title", "detail"}` as their details.
    private static func leaves(_ errors: JSONValue) -> [String] {
        if let list = errors.array {
            return list.compactMap { $0.string ?? $0["detail"]?.string ?? $0["title"]?.string }
        }
        var texts: [String] = []
        for member in errors.object?.members.prefix(20) ?? [] {
            let values = member.value.array?.compactMap(\.string) ?? [member.value.string].compactMap { $0 }
            for value in values.prefix(20) {
                texts.append(member.key == "contracts" ? value : "\(member.key): \(value)")
            }
        }
        return texts
    }
}

private func trimmed(_ text: String) -> String {
    var text = text[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
}
