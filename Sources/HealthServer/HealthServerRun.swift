internal import CLinux
internal import Dispatch
internal import Glibc
internal import Logging
internal import Shared

/// From an empty process to the signal that ends it.
enum HealthServerRun {
    /// The settings this process reads.
    static let settings = [
        "HEALTH_PORT", "HEALTH_HOST", "READINESS_MODE", "CHECK_INTERVAL_SECS", "CONFIGMAP_PATH", "STATE_DIR",
        "LOG_LEVEL", "LOG_FORMAT",
    ]

    /// - Returns: The code to leave with.
    static func run() -> Shared.ExitCode {
        signal(SIGPIPE, SIG_IGN)
        let context = ProcessContext.start("health-server", reads: settings)
        do {
            // Before any thread exists: threads inherit the mask.
            let signals = try SignalDescriptor([SIGTERM, SIGINT])
            let limits = ServerLimits(descriptors: try raisedDescriptorLimit())
            if limits != ServerLimits() {
                context.logger.warning(
                    "few descriptors: fewer connections are served; raise the limit (ulimit -n) to 1024",
                    metadata: ["connections": "\(limits.connections)", "waiters": "\(limits.waiters)"]
                )
            }
            let socket = try ListeningSocket.open(environment: context.environment, settings: context.settings)
            let server = try start(context, limits, socket: socket)
            waitForSignal(signals)
            context.notify.stopping()
            context.logger.info("the health server stops")
            server.stop()
            return .success
        } catch {
            context.logger.error("the health server cannot start", metadata: ["error": "\(error)"])
            return .systemFailure
        }
    }

    private static func start(_ context: ProcessContext, _ limits: ServerLimits, socket: Int32) throws
        -> HealthHTTPServer
    {
        let watch = StateWatch(
            source: StateFileSource(environment: context.environment, settings: context.settings),
            supervisedRun: context.isSupervised ? context.runID : nil,
            bootID: BootIdentity.bootID()
        )
        let box = ServerBox()
        let firstLook = DispatchSemaphore(value: 0)
        try startThread {
            watch.refresh { _ in }
            firstLook.signal()
            box.waitForServer()
            watch.handOn(box.deliver)
            watch.run(box.deliver)
        }
        // A restarted server shall not answer worse than the one before it did; connections wait in the socket's queue
        // meanwhile. A file system that hangs must not keep `/liveness` away, so the wait is short.
        _ = firstLook.wait(timeout: .now() + .milliseconds(250))
        let server = try HealthHTTPServer.start(
            socket: socket,
            rules: EvaluationRules(
                settings: context.settings,
                isSupervised: context.isSupervised,
                bootID: BootIdentity.bootID(),
                started: MonotonicTime.now()
            ),
            view: watch.view,
            limits: limits,
            logger: context.logger,
            pulse: pulse(context, watch, box)
        )
        box.set(server)
        try server.waitForTurn()
        context.notify.ready()
        let port = server.port.map { Int($0) } ?? 0
        context.logger.info("the health server answers", metadata: ["port": "\(port)"])
        return server
    }

    /// What the event loop does once a second besides its own work: looks for a change that nobody signalled, and says
    /// that it turns.
    private static func pulse(_ context: ProcessContext, _ watch: StateWatch, _ box: ServerBox) -> Pulse {
        { offLoop in
            if watch.isBehind { offLoop { watch.catchUp(box.deliver) } }
            if context.heartbeatInterval != nil { context.notify.heartbeat() }
            return watch.supervisorTick()
        }
    }

    /// As many descriptors as the full number of connections needs, or what there is: a container's limit may be 1,024
    /// or far more, and somebody may have set less.
    private static func raisedDescriptorLimit() throws(SystemError) -> UInt64 {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        try checked("getrlimit", "", clinux_get_descriptor_limit(&soft, &hard))
        let wanted = min(hard, 1024)
        if soft < wanted { try checked("setrlimit", "", clinux_set_descriptor_limit(wanted)) }
        return max(soft, wanted)
    }

    private static func waitForSignal(_ signals: SignalDescriptor) {
        var entry = pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0)
        while signals.next() == nil {
            _ = poll(&entry, 1, -1)
        }
    }
}
