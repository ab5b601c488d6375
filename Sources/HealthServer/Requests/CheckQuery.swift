/// A probe asked for in the form of the Kubernetes API server's own health endpoints: `?verbose`, `?exclude=broker`.
///
/// Source: "Kubernetes API health endpoints" on kubernetes.io. `verbose` counts by being there, whatever its value is;
/// `exclude` may be repeated.
struct CheckQuery: Equatable, Sendable {
    var isVerbose = false
    /// Names of checks that do not count, in order; known or not.
    var excluded: [String] = []

    /// - Parameter query: What follows the question mark. What cannot be decoded in it is passed over: a probe is never
    ///   refused.
    /// - Returns: `nil` if neither parameter is in it.
    init?(query: Substring) {
        for pair in query.prefix(while: { $0 != "#" }).split(separator: "&") {
            let equals = pair.firstIndex(of: "=")
            guard let name = try? RequestTarget.decoded(pair[..<(equals ?? pair.endIndex)]) else { continue }
            switch name {
            case "verbose": isVerbose = true
            case "exclude":
                guard let equals, let value = try? RequestTarget.decoded(pair[pair.index(after: equals)...]),
                    !value.isEmpty
                else { continue }
                excluded.append(value)
            default: continue
            }
        }
        if !isVerbose, excluded.isEmpty { return nil }
    }

    init(isVerbose: Bool = false, excluded: [String] = []) {
        self.isVerbose = isVerbose
        self.excluded = excluded
    }
}
