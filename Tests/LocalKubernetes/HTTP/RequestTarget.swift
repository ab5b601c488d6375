import Shared

/// A request target taken apart the way Go's server does it.
struct RequestTarget: Equatable, Sendable {
    /// What of the API it names.
    enum Resource: Equatable, Sendable {
        /// `/api/v1/configmaps`
        case everywhere
        /// `/api/v1/namespaces/NS/configmaps`
        case collection(namespace: String)
        /// `/api/v1/namespaces/NS/configmaps/NAME`
        case named(namespace: String, name: String)
        /// `/api/v1/watch/namespaces/NS/configmaps`, with `/NAME` or not; deprecated, but served.
        case watched(namespace: String, name: String?)
        /// `/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`
        case accessReviews
        /// `/_faults` and its like: ours, not the API's.
        case control([String])
        case other
    }

    var path: String
    var resource: Resource
    /// Decoded names and values, the first of each name.
    var query: [String: String]

    /// - Returns: `nil` if it cannot be decoded.
    init?(_ target: String) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts.first ?? "/")
        var segments: [String] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) {
            guard let decoded = PercentEncoding.decode(segment) else { return nil }
            segments.append(decoded)
        }
        resource = Self.resource(segments)
        query = parts.count > 1 ? Self.query(parts[1]) : [:]
    }

    private static func resource(_ all: [String]) -> Resource {
        if all.first?.hasPrefix("_") ?? false { return .control(all) }
        if all == ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"] { return .accessReviews }
        guard all.starts(with: ["api", "v1"]) else { return .other }
        var rest = all[2...]
        let isWatched = rest.first == "watch"
        if isWatched { rest = rest.dropFirst() }
        if Array(rest) == ["configmaps"] { return isWatched ? .other : .everywhere }
        guard rest.count == 3 || rest.count == 4, rest.first == "namespaces", rest.dropFirst(2).first == "configmaps"
        else { return .other }
        let namespace = rest[rest.startIndex + 1]
        let name = rest.count == 4 ? rest.last : nil
        if isWatched { return .watched(namespace: namespace, name: name) }
        return name.map { .named(namespace: namespace, name: $0) } ?? .collection(namespace: namespace)
    }

    private static func query(_ text: Substring) -> [String: String] {
        var result: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.replacing("+", with: "%20")
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0]), result[name] == nil else { continue }
            result[name] = parts.count > 1 ? PercentEncoding.decode(parts[1]) ?? "" : ""
        }
        return result
    }

    /// A Boolean parameter as the API server reads it: anything but `0` and `false` is true; `nil` if not given.
    func bool(_ name: String) -> Bool? {
        query[name].map { $0 != "0" && $0.lowercased() != "false" }
    }
}
