internal import Shared

/// What stays the same from request to request: settings and identity.
struct EvaluationRules: Sendable {
    var mode: Settings.ReadinessMode
    /// Knowledge about the broker that is older is not trusted.
    var stalenessLimit: Duration
    /// How long a client should wait before it asks again about something that depends on the broker.
    var checkInterval: Duration
    /// Where contracts come from as far as the settings tell: `directory /pact-contracts`.
    var sourceDescription: String
    /// A manager started this process, so its tick tells whether it lives.
    var isSupervised: Bool
    /// Ticks and monotonic times of another boot mean nothing.
    var bootID: String
    /// When this process started: before that nobody can have been silent.
    var started: MonotonicTime

    /// A tick that is older means that the supervisor is wedged (docs/endpoints.md).
    static let tickLimit: Duration = .seconds(30)

    init(
        mode: Settings.ReadinessMode,
        stalenessLimit: Duration,
        checkInterval: Duration,
        sourceDescription: String,
        isSupervised: Bool,
        bootID: String,
        started: MonotonicTime
    ) {
        self.mode = mode
        self.stalenessLimit = stalenessLimit
        self.checkInterval = checkInterval
        self.sourceDescription = sourceDescription
        self.isSupervised = isSupervised
        self.bootID = bootID
        self.started = started
    }

    init(settings: Settings, isSupervised: Bool, bootID: String, started: MonotonicTime) {
        self.init(
            mode: settings.readinessMode,
            stalenessLimit: settings.stalenessLimit,
            checkInterval: settings.checkInterval,
            sourceDescription: Self.source(settings),
            isSupervised: isSupervised,
            bootID: bootID,
            started: started
        )
    }

    /// Only the watcher knows whether there is an API to ask; it says so with its first word.
    private static func source(_ settings: Settings) -> String {
        let directory = "directory \(settings.configMapPath) (CONFIGMAP_PATH)"
        let count = settings.configMapNames.count
        let names = settings.configMapNames.map { "\(settings.namespace)/\($0)" }.joined(separator: ", ")
        let configMaps = "\(count == 1 ? "ConfigMap" : "ConfigMaps") \(names)"
        switch settings.contractSource {
        case .directory: return directory
        case .kubernetes: return configMaps
        case .auto: return "\(configMaps) or \(directory)"
        }
    }
}
