/// What `manager doctor` looks at. The raw value is the stable id of its lines: scripts may rely on it.
package enum DoctorCheck: String, CaseIterable, Sendable {
    case settingsValues = "settings.values"
    case settingsNames = "settings.names"
    case settingsIgnored = "settings.ignored"
    case programsDirectory = "programs.directory"
    case programsPublisher = "programs.publisher"
    case programsWatcher = "programs.watcher"
    case brokerURL = "broker.url"
    case brokerDNS = "broker.dns"
    case brokerTCP = "broker.tcp"
    case brokerOwnService = "broker.own_service"
    case brokerTLS = "broker.tls"
    case brokerHeartbeat = "broker.heartbeat"
    case brokerDatabase = "broker.database"
    case brokerAuthentication = "broker.auth"
    case brokerIndex = "broker.index"
    case brokerVersion = "broker.version"
    case brokerWrite = "broker.write"
    case sourceOrigin = "source.origin"
    case sourceToken = "source.token"
    case sourceAuthorities = "source.ca"
    case sourceAPI = "source.api"
    case sourceGet = "source.get"
    case sourceWatch = "source.watch"
    case sourceList = "source.list"
    case sourceConfigMap = "source.configmap"
    case sourceMount = "source.mount"
    case sourceSubPath = "source.subpath"
    case sourceContracts = "source.contracts"
    case healthPort = "health.port"
    case stateDirectory = "state.directory"
    case stateFileSystem = "state.filesystem"
    case stateSpace = "state.space"
    case stateLock = "state.lock"
    case limitsMemory = "limits.memory"
    case limitsFiles = "limits.files"
    case limitsProcesses = "limits.pids"
    case limitsInotifyInstances = "limits.inotify_instances"
    case limitsInotifyWatches = "limits.inotify_watches"

    /// What the id begins with: lines are shown in groups.
    package var group: String { String(rawValue.prefix { $0 != "." }) }

    /// The heading of its group.
    package var heading: String {
        switch group {
        case "settings": "Settings"
        case "programs": "Programs"
        case "broker": "Broker"
        case "source": "Contracts"
        case "health": "Health port"
        case "state": "State directory"
        default: "Limits"
        }
    }

    /// What is looked at, and when it is odd (warn) or wrong (fail); for people, in one sentence each.
    package var meaning: String { explanation.meaning }

    /// What to do where a line does not know better.
    package var remedy: String { explanation.remedy }

    /// The table of docs/doctor.md, which a test compares with this, word for word.
    package static var table: [String] {
        ["| Id | What is looked at | What to do |", "|---|---|---|"]
            + allCases.map { "| `\($0.rawValue)` | \($0.meaning) | \($0.remedy) |" }
    }
}
