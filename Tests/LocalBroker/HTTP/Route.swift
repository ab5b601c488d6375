import Shared

/// What a path names.
enum Route: Equatable, Sendable {
    case index
    case heartbeat
    case dependencies
    case publishContracts
    case latestPacts
    case providerPacts(String)
    case latestProviderPacts(String)
    case pact(PairKey, version: String)
    case latestPact(PairKey, PactSelector)
    case pactContent(PairKey, sha: String)
    case pactVersions(PairKey)
    case pacticipants
    case pacticipant(String)
    case version(String, number: String)
    case latestVersion(String, tag: String?)
    case tag(String, number: String, tag: String)
    case branch(String, branch: String)
    case branchVersion(String, branch: String, number: String)
    case faults
    case requests
    case stored

    /// - Parameter segments: Decoded. An empty one names nothing.
    init?(_ segments: [String]) {
        if segments.contains("") { return nil }
        switch segments.first {
        case nil: self = .index
        case "diagnostic" where segments == ["diagnostic", "status", "heartbeat"]: self = .heartbeat
        case "diagnostic" where segments == ["diagnostic", "status", "dependencies"]: self = .dependencies
        case "contracts" where segments == ["contracts", "publish"]: self = .publishContracts
        case "_faults" where segments.count == 1: self = .faults
        case "_requests" where segments.count == 1: self = .requests
        case "_stored" where segments.count == 1: self = .stored
        case "pacts":
            guard let route = Self.pacts(Array(segments.dropFirst())) else { return nil }
            self = route
        case "pacticipants":
            guard let route = Self.pacticipants(Array(segments.dropFirst())) else { return nil }
            self = route
        default: return nil
        }
    }

    /// Whether it is one of ours, which no fault touches.
    var isControl: Bool { [.faults, .requests, .stored].contains(self) }

    /// The methods it takes, in the order of the `allow` header [33][66][81].
    var methods: [String] {
        switch self {
        case .heartbeat, .dependencies: ["GET"]
        case .publishContracts: ["POST", "OPTIONS"]
        case .pact: ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]
        case .pacticipants: ["GET", "POST", "OPTIONS"]
        case .pacticipant: ["GET", "DELETE", "OPTIONS"]
        case .version: ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"]
        case .tag: ["GET", "PUT", "DELETE", "OPTIONS"]
        case .branchVersion: ["GET", "PUT", "OPTIONS"]
        case .faults: ["GET", "PUT", "DELETE"]
        case .requests: ["GET", "DELETE"]
        case .stored: ["GET"]
        default: ["GET", "OPTIONS"]
        }
    }

    private static func pacts(_ rest: [String]) -> Route? {
        if rest == ["latest"] { return .latestPacts }
        guard rest.count >= 2, rest[0] == "provider" else { return nil }
        let provider = rest[1]
        if rest.count == 2 { return .providerPacts(provider) }
        if rest.count == 3, rest[2] == "latest" { return .latestProviderPacts(provider) }
        guard rest.count >= 5, rest[2] == "consumer" else { return nil }
        let pair = PairKey(consumer: rest[3], provider: provider)
        switch (rest[4], rest.count) {
        case ("latest", 5): return .latestPact(pair, .overall)
        case ("latest", 6): return .latestPact(pair, .tag(rest[5]))
        case ("branch", 7) where rest[6] == "latest": return .latestPact(pair, .branch(rest[5]))
        case ("version", 6), ("versions", 6): return .pact(pair, version: rest[5])
        case ("versions", 5): return .pactVersions(pair)
        case ("pact-version", 6): return .pactContent(pair, sha: rest[5])
        default: return nil
        }
    }

    private static func pacticipants(_ rest: [String]) -> Route? {
        guard let name = rest.first else { return .pacticipants }
        switch (rest.dropFirst().first, rest.count) {
        case (nil, _): return .pacticipant(name)
        case ("latest-version", 2): return .latestVersion(name, tag: nil)
        case ("latest-version", 3): return .latestVersion(name, tag: rest[2])
        case ("versions", 3): return .version(name, number: rest[2])
        case ("versions", 5) where rest[3] == "tags": return .tag(name, number: rest[2], tag: rest[4])
        case ("branches", 3): return .branch(name, branch: rest[2])
        case ("branches", 5) where rest[3] == "versions":
            return .branchVersion(name, branch: rest[2], number: rest[4])
        default: return nil
        }
    }
}
