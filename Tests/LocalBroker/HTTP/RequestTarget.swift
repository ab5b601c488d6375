import Shared

/// A request target taken apart the way the broker does it.
struct RequestTarget: Equatable, Sendable {
    /// Decoded once; empty for `/`. A trailing slash leaves an empty last segment.
    var segments: [String]
    /// Decoded names and values.
    var query: [String: String]
    /// The media type that a `.json`, `.csv` … at the end of the path stands for; it is cut off there [24].
    var acceptFromExtension: String?

    /// What the broker's guard before the router refuses.
    enum Refusal: Equatable {
        /// `//`, a `%` without two digits: 404.
        case emptyComponent
        /// A line feed or a tab: 422.
        case control(String)
        /// NUL: 500.
        case nul

        /// The answer measured for it [04][23].
        func response(reference: String) -> BrokerResponse {
            switch self {
            case .emptyComponent:
                .guardProblem(404, title: "Not Found", type: "not-found", detail: "Empty path component found")
            case .control(let name):
                .guardProblem(
                    422,
                    title: "Unprocessable",
                    type: "invalid-request-parameter-value",
                    detail: "URL path cannot contain a \(name)."
                )
            case .nul: .internalError(reference: reference)
            }
        }
    }

    /// - Returns: The parts, or why the broker does not even look for a resource.
    static func parse(_ target: String) -> Result<RequestTarget, RefusalError> {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path = String(parts.first ?? "/")
        guard path.hasPrefix("/"), !path.contains("//") else { return .failure(.init(refusal: .emptyComponent)) }
        let accept = cutExtension(&path)
        var segments: [String] = []
        for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let decoded = PercentEncoding.decode(segment) else {
                return .failure(.init(refusal: .emptyComponent))
            }
            if decoded.contains("\n") { return .failure(.init(refusal: .control("new line character"))) }
            if decoded.contains("\t") { return .failure(.init(refusal: .control("tab character"))) }
            if decoded.contains("\0") { return .failure(.init(refusal: .nul)) }
            segments.append(decoded)
        }
        if segments == [""] { segments = [] }
        let query = parts.count > 1 ? Self.query(parts[1]) : [:]
        return .success(RequestTarget(segments: segments, query: query, acceptFromExtension: accept))
    }

    /// `Result` needs an `Error`.
    struct RefusalError: Error {
        var refusal: Refusal
    }

    private static func cutExtension(_ path: inout String) -> String? {
        let types = [
            ".json": "application/hal+json", ".yaml": "application/x-yaml", ".csv": "text/csv",
            ".svg": "image/svg+xml",
        ]
        guard let (ending, type) = types.first(where: { path.hasSuffix($0.key) }) else { return nil }
        path.removeLast(ending.count)
        return type
    }

    private static func query(_ text: Substring) -> [String: String] {
        var result: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0]) else { continue }
            result[name] = parts.count > 1 ? PercentEncoding.decode(parts[1]) ?? "" : ""
        }
        return result
    }
}
