/// One metric: its name, what it is and what it means. docs/metrics.md says the same, which a test compares.
struct MetricFamily: Equatable, Sendable {
    /// Without ``prefix``.
    let shortName: String
    let kind: Kind
    /// Names of the labels, in the order in which they are written; `le` of a histogram is not among them.
    let labels: [String]
    /// One line.
    let help: String

    static let prefix = "pact_mocks_manager_"

    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    var name: String { Self.prefix + shortName }

    init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
        shortName = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }
}

extension MetricFamily {
    /// All that `/metrics` shows, in the order of the documentation.
    static let all: [MetricFamily] = [
        buildInfo, startTime, brokerUp, brokerProbes, brokerProbeDuration, brokerLastSuccess, contracts, providerReady,
        contractPublished, publishAttempts, publishDuration, publishQueue, changeToPublished, sourceConnected,
        sourceRestarts, sourceLastActivity, repairs, waiters, waitDuration, workerUp, workerRestarts, workerMemory,
        logLinesDropped, requests, requestDuration,
    ]

    // MARK: the manager

    static let buildInfo = MetricFamily("build_info", .gauge, labels: ["version"], "Always 1; the version is a label.")
    static let startTime = MetricFamily(
        "start_time_seconds",
        .gauge,
        "When the manager started, Unix time; without a manager, when the health server did."
    )
    static let workerUp = MetricFamily(
        "worker_up",
        .gauge,
        labels: ["worker"],
        "1 while the worker runs and has said that it is ready."
    )
    static let workerRestarts = MetricFamily(
        "worker_restarts_total",
        .counter,
        labels: ["worker", "reason"],
        "Restarts of the worker because it exited, died of a signal, gave no heartbeat or could not be spawned."
    )
    static let workerMemory = MetricFamily(
        "worker_resident_memory_bytes",
        .gauge,
        labels: ["worker"],
        "Resident memory of the worker's process, pages of shared libraries included."
    )
    static let logLinesDropped = MetricFamily(
        "log_lines_dropped_total",
        .counter,
        labels: ["worker"],
        "Log lines of the worker that were dropped because standard output did not take them."
    )

    // MARK: the broker

    static let brokerUp = MetricFamily(
        "broker_up",
        .gauge,
        "1 while the broker is ready and that is no old news; 0 also while the publisher is silent."
    )
    static let brokerProbes = MetricFamily(
        "broker_probes_total",
        .counter,
        labels: ["result"],
        "Completed checks of the broker by what they found."
    )
    static let brokerProbeDuration = MetricFamily(
        "broker_probe_duration_seconds",
        .histogram,
        "What completed checks of the broker took, two or three requests each, whatever they found."
    )
    static let brokerLastSuccess = MetricFamily(
        "broker_last_success_timestamp_seconds",
        .gauge,
        "When a check last found the broker ready, Unix time; absent until one did."
    )

    // MARK: contracts

    static let contracts = MetricFamily(
        "contracts",
        .gauge,
        labels: ["state"],
        "Desired contracts by state; invalid also counts files without a valid contract."
    )
    static let providerReady = MetricFamily(
        "provider_ready",
        .gauge,
        labels: ["provider"],
        "1 if /providers/{provider}/ready answers 200."
    )
    static let contractPublished = MetricFamily(
        "contract_published_timestamp_seconds",
        .gauge,
        labels: ["consumer", "provider"],
        "When the content that the broker has was published there, Unix time; absent while it has none of ours."
    )

    // MARK: publishing

    static let publishAttempts = MetricFamily(
        "publish_attempts_total",
        .counter,
        labels: ["result"],
        "Publications tried, one for each contract, by the broker's answer."
    )
    static let publishDuration = MetricFamily(
        "publish_duration_seconds",
        .histogram,
        "What requests that publish took, whatever the answer; one may carry many contracts of a consumer."
    )
    static let publishQueue = MetricFamily(
        "publish_queue_length",
        .gauge,
        "Contracts, names and labels that are still to be published or proven; absent until that is known."
    )
    static let changeToPublished = MetricFamily(
        "change_to_published_seconds",
        .histogram,
        "From a change of the source, the first read included, to the proof of all contracts that it changed."
    )
    static let repairs = MetricFamily(
        "reconcile_repairs_total",
        .counter,
        labels: ["kind"],
        "Proven contracts that the broker had lost, or had in another version or content, and that were published again."
    )

    // MARK: the source

    static let sourceConnected = MetricFamily(
        "source_connected",
        .gauge,
        labels: ["source"],
        "1 for where contracts come from just now, if edits are seen there: api while every ConfigMap is followed."
    )
    static let sourceRestarts = MetricFamily(
        "source_restarts_total",
        .counter,
        labels: ["reason"],
        "How often following a ConfigMap was begun anew, by why; the server ends each watch after a while."
    )
    static let sourceLastActivity = MetricFamily(
        "source_last_activity_timestamp_seconds",
        .gauge,
        "Last byte from the Kubernetes API, of the quietest ConfigMap; of a directory the last change. Unix time."
    )

    // MARK: the health server's own

    static let waiters = MetricFamily("waiters", .gauge, "Requests that are held with ?wait= at this moment.")
    static let waitDuration = MetricFamily(
        "wait_duration_seconds",
        .histogram,
        labels: ["result"],
        "How long requests with ?wait= were held, and how that ended; one answered at once was not held."
    )
    static let requests = MetricFamily(
        "http_requests_total",
        .counter,
        labels: ["route", "code"],
        "Answered requests by route and status, held ones included; from 0 when the health server restarts."
    )
    static let requestDuration = MetricFamily(
        "http_request_duration_seconds",
        .histogram,
        labels: ["route"],
        "From the complete request to its answer; without held requests, whose time is in wait_duration_seconds."
    )
}
