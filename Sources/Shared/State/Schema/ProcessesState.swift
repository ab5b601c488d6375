/// The supervisor's section: the manager itself and its workers.
package struct ProcessesState: StateSectionContent {
    package static let section = StateSection.processes

    package var run: String
    package var manager: Manager
    /// True from SIGTERM on: readiness turns 503 before anything is stopped.
    package var stopping: Bool
    package var workers: [Worker]
    /// Orphans of other processes that were reaped.
    package var reapedOrphans: Int
    package var events: [StateEvent]

    package init(
        run: String,
        manager: Manager,
        stopping: Bool = false,
        workers: [Worker] = [],
        reapedOrphans: Int = 0,
        events: [StateEvent] = []
    ) {
        self.run = run
        self.manager = manager
        self.stopping = stopping
        self.workers = workers
        self.reapedOrphans = reapedOrphans
        self.events = events
    }

    /// The supervisor process.
    package struct Manager: Codable, Equatable, Sendable {
        package var pid: Int32
        package var version: String
        /// RFC 3339, UTC.
        package var startedAt: String
        /// Milliseconds of CLOCK_MONOTONIC.
        package var started: MonotonicTime
        package var bootID: String

        package init(pid: Int32, version: String, startedAt: String, started: MonotonicTime, bootID: String) {
            self.pid = pid
            self.version = version
            self.startedAt = startedAt
            self.started = started
            self.bootID = bootID
        }
    }

    /// What a worker is doing.
    package enum WorkerPhase: String, Codable, Sendable {
        /// Spawned, READY=1 not seen yet.
        case starting
        case ready
        /// Dead; the next start is at `nextStart`.
        case waiting
        /// SIGTERM sent, exit not seen yet.
        case stopping
        case stopped
    }

    /// How a worker ended last.
    package struct Exit: Codable, Equatable, Sendable {
        /// Exit code, if it exited by itself.
        package var code: Int32?
        /// Signal number, if a signal ended it.
        package var signal: Int32?
        /// The signal's name, for example `SIGKILL`.
        package var signalName: String?
        /// The failing step and error, if it could not be spawned.
        package var spawnFailure: String?
        /// RFC 3339, UTC.
        package var at: String

        package init(
            code: Int32? = nil,
            signal: Int32? = nil,
            signalName: String? = nil,
            spawnFailure: String? = nil,
            at: String
        ) {
            self.code = code
            self.signal = signal
            self.signalName = signalName
            self.spawnFailure = spawnFailure
            self.at = at
        }
    }

    /// One supervised worker.
    package struct Worker: Codable, Equatable, Sendable {
        /// `health-server`, `watcher` or `publisher`.
        package var name: String
        package var phase: WorkerPhase
        package var pid: Int32?
        /// Milliseconds of CLOCK_MONOTONIC of the present process's start.
        package var started: MonotonicTime?
        /// Milliseconds of CLOCK_MONOTONIC of its READY=1.
        package var ready: MonotonicTime?
        /// Milliseconds of CLOCK_MONOTONIC of its last heartbeat, at most five seconds old itself.
        package var lastHeartbeat: MonotonicTime?
        /// Milliseconds of CLOCK_MONOTONIC of the next start, while waiting.
        package var nextStart: MonotonicTime?
        package var restarts: Int
        /// Restarts by reason: `exit`, `signal`, `spawn`, `heartbeat`.
        package var restartsByReason: [String: Int]
        /// At least 5 restarts in the last 60 s.
        package var crashLooping: Bool
        package var lastExit: Exit?
        /// Log lines dropped because stdout did not take them.
        package var droppedLogLines: Int

        package init(name: String) {
            self.name = name
            phase = .waiting
            pid = nil
            started = nil
            ready = nil
            lastHeartbeat = nil
            nextStart = nil
            restarts = 0
            restartsByReason = [:]
            crashLooping = false
            lastExit = nil
            droppedLogLines = 0
        }
    }
}
