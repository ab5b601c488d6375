import CLinux
import Glibc
import Logging
import Shared

/// The continuous watcher: state directory, lock, source, loop.
enum WatcherRun {
    /// How long a dying predecessor may keep the section's lock.
    static let lockPatience = Duration.seconds(5)

    /// Runs until it is stopped.
    static func run(_ context: ProcessContext) -> ExitCode {
        let logger = context.logger
        do {
            let signals = try SignalDescriptor([SIGTERM, SIGINT, SIGHUP])
            let directory = try stateDirectory(context)
            guard let recorder = try recorder(directory, context, signals) else { return .success }
            let source = try source(context, recorder.previous)
            let loop = WatcherLoop(
                source: source,
                recorder: recorder,
                signals: signals,
                run: context.runID,
                logger: logger,
                notify: context.notify,
                isSupervised: context.isSupervised,
                heartbeatInterval: context.heartbeatInterval
            )
            let code = try loop.run()
            // Nothing is torn down: libcurl could wait for the thread that asks a silent name server.
            _exit(code.rawValue)
        } catch let error as StateError {
            logger.error("watcher cannot start", metadata: ["error": "\(error)"])
            if case .locked = error { return .alreadyOwned }
            return .badConfiguration
        } catch {
            logger.error("watcher cannot go on", metadata: ["error": "\(error)"])
            return .systemFailure
        }
    }

    /// The API where there is one to ask, else the directory.
    private static func source(_ context: ProcessContext, _ previous: SourceState?) throws -> any WatchedSource {
        let settings = context.settings
        let now = MonotonicTime.now()
        let path = settings.configMapPath
        func directory(_ now: MonotonicTime) throws(SystemError) -> DirectorySource {
            try DirectorySource(path: path, place: "CONFIGMAP_PATH=\(path)", now: now)
        }
        guard let kubernetes = settings.kubernetes else { return try directory(now) }
        return try KubernetesSource(
            kubernetes,
            namespace: settings.namespace,
            names: settings.configMapNames,
            previous: previous?.run == context.runID ? previous : nil,
            standsInForAbsent: settings.directoryStandsInForAbsent,
            timing: timing(context.environment),
            now: now,
            makeDirectory: directory
        )
    }

    private static func timing(_ environment: ProcessEnvironment) -> WatchTiming {
        #if DEBUG
        if let factor = environment[WatchTiming.scaleVariable].flatMap(Double.init) {
            return WatchTiming().scaled(by: factor)
        }
        #endif
        return WatchTiming()
    }

    /// The directory the manager resolved, or an own one. One that cannot be written now is tried again later; one that
    /// must not be used ends the process.
    private static func stateDirectory(_ context: ProcessContext) throws(StateError) -> StateDirectory {
        try StateDirectory.forWriter(
            resolved: context.environment[InternalVariable.stateDirectory],
            setting: context.settings.stateDirectory
        )
    }

    /// Takes the section's lock, waiting for a dying predecessor.
    ///
    /// - Returns: `nil` if a signal to stop came meanwhile.
    /// - Throws: `locked` when the time is up.
    private static func recorder(
        _ directory: StateDirectory,
        _ context: ProcessContext,
        _ signals: SignalDescriptor
    ) throws -> DesiredSetRecorder? {
        let epoll = FileDescriptor(owning: try checked("epoll_create1", "", clinux_epoll_create()))
        try checked("epoll_ctl", "", clinux_epoll_add(epoll.number, signals.number, EPOLLIN.rawValue, 0))
        let deadline = MonotonicTime.now() + lockPatience
        while true {
            do throws(StateError) {
                return try DesiredSetRecorder(directory: directory, run: context.runID)
            } catch {
                guard case .locked = error, MonotonicTime.now() < deadline else { throw error }
            }
            var token: UInt64 = 0
            var event: UInt32 = 0
            if clinux_epoll_wait(epoll.number, &token, &event, 1, 20) > 0, let signal = signals.next(),
                signal != SIGHUP
            {
                return nil
            }
        }
    }
}
