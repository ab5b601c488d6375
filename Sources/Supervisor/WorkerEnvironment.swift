import Shared

/// The environment each worker gets: ours, without what is none of its business.
///
/// Secrets, proxies (whose URLs may hold a password) and the files of TLS (whose absence must end nobody else) go to the
/// publisher only, `KUBERNETES_*` to the watcher only; what systemd told *us* (notify socket, listen
/// descriptors, watchdog) is replaced by what we tell the worker.
struct WorkerEnvironment: Sendable {
    let base: ProcessEnvironment
    let settings: Settings
    let runID: String
    let stateDirectory: String
    let notifySocket: String
    let managerPID: Int32

    /// Names that are never inherited.
    static let replaced: Set<String> = [
        "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID",
        InternalVariable.runID, InternalVariable.stateDirectory, InternalVariable.managerPID,
    ]
    private static let publisherNames = Set(
        SettingCatalog.all.filter(\.isSecret).flatMap { [$0.name, "\($0.name)_FILE"] }
            + ["BROKER_CA_FILE", "BROKER_CLIENT_CERT_FILE", "BROKER_CLIENT_KEY_FILE"]
    )

    /// - Parameter inheritsSocket: Descriptor 3 is the listening socket; `LISTEN_PID` is added by the spawn, which
    ///   alone knows the pid.
    func variables(for worker: WorkerName, watchdogLimit: Duration, inheritsSocket: Bool) -> [String: String] {
        var variables = base.variables.filter { name, _ in
            if Self.replaced.contains(name) { return false }
            if worker != .publisher, Self.publisherNames.contains(name) || ProxySetting.isVariable(name) {
                return false
            }
            if worker != .watcher, name.hasPrefix("KUBERNETES_") { return false }
            return true
        }
        if worker != .publisher, settings.brokerURL.credentials != nil {
            variables["BROKER_URL"] = settings.brokerURL.description
        }
        variables[InternalVariable.runID] = runID
        variables[InternalVariable.stateDirectory] = stateDirectory
        variables[InternalVariable.managerPID] = String(managerPID)
        variables["NOTIFY_SOCKET"] = notifySocket
        variables["WATCHDOG_USEC"] = String(watchdogLimit.nanoseconds / 1000)
        if inheritsSocket { variables["LISTEN_FDS"] = "1" }
        // Swift's handler survives the first external SIGABRT and delays a real trap by 0.4 s (measured).
        if variables["SWIFT_BACKTRACE"] == nil { variables["SWIFT_BACKTRACE"] = "enable=no" }
        return variables
    }
}
