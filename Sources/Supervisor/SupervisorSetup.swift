internal import CLinux
internal import Glibc
import Logging
import Shared

/// Everything that is opened before the first worker, in the order that matters: lock, port, sockets, pipes.
struct SupervisorSetup {
    var context: ProcessContext
    var signals: SignalDescriptor
    var workerDirectory: String
    var listeningSocket: Int32
    var notifyDescriptor: Int32
    var workerEnvironment: WorkerEnvironment
    var memory: MemoryPlan
    var logs: LogForwarder
    var board: StateBoard

    /// A failure that ends the manager at once: the message and the code to leave with.
    struct Failure: Error {
        var message: String
        var code: Shared.ExitCode
    }

    init(context: ProcessContext, signals: SignalDescriptor) throws(Failure) {
        self.context = context
        self.signals = signals
        let settings = context.settings
        let run = RunID.random()
        var problem: StateError?

        let directory = try Self.stateDirectory(settings, &problem)
        let managerLock = try Self.lock(directory, run: run, &problem)
        listeningSocket = try Self.listen(context)
        let port = ListeningSocket.port(listeningSocket)

        var name = [CChar](repeating: 0, count: 128)
        do throws(SystemError) {
            notifyDescriptor = try checked("socket", "notify", clinux_notify_listen(&name, name.count))
            if getpid() != 1 { try checked("prctl", "subreaper", clinux_set_child_subreaper()) }
            logs = try LogForwarder(settings: settings)
        } catch {
            throw Failure(message: error.description, code: .systemFailure)
        }
        let notifyName = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)

        workerDirectory = try Self.workerDirectory(settings)
        memory = MemoryPlan(setting: settings.workerMemoryLimit, container: ControlGroupMemory.limit())
        workerEnvironment = WorkerEnvironment(
            base: context.environment,
            settings: settings,
            runID: run,
            stateDirectory: directory.path,
            notifySocket: notifyName,
            managerPID: getpid()
        )
        let now = MonotonicTime.now()
        let wall = WallClock.now()
        let manager = ProcessesState.Manager(
            pid: getpid(),
            version: BuildVersion.number,
            startedAt: wall.rfc3339,
            started: now,
            bootID: BootIdentity.bootID()
        )
        let builder = ProcessesStateBuilder(
            run: run,
            manager: manager,
            wallClockOffsetMilliseconds: wall.milliseconds - now.milliseconds
        )
        board = StateBoard(directory: directory, run: run, builder: builder, managerLock: managerLock, known: problem)
        if let problem {
            let news = StateTrouble.News.cannotWrite(problem)
            logs.log(news.level, news.message, news.fields(isSupervised: false))
        }
        for warning in settings.warnings { logs.log(.warning, "a setting is odd", [("reason", warning)]) }
        if let warning = memory.warning { logs.log(.warning, "memory limits are off", [("reason", warning)]) }
        logs.log(
            .info,
            "manager started",
            [
                ("version", BuildVersion.number), ("pid", "\(getpid())"), ("run", run),
                ("health.address", "\(settings.healthHost)"), ("health.port", "\(port)"),
                ("state.directory", directory.path), ("broker.url", settings.brokerURL.description),
            ]
        )
    }

    /// A refused directory ends the manager; one that cannot be written does not: supervising needs no state.
    private static func stateDirectory(_ settings: Settings, _ problem: inout StateError?) throws(Failure)
        -> StateDirectory
    {
        do throws(StateError) {
            return try StateDirectory.prepare(setting: settings.stateDirectory)
        } catch {
            switch error {
            case .notAbsolute, .directoryRefused: throw Failure(message: error.description, code: .badConfiguration)
            default:
                problem = error
                return StateDirectory.unprepared(setting: settings.stateDirectory)
            }
        }
    }

    private static func lock(
        _ directory: StateDirectory,
        run: String,
        _ problem: inout StateError?
    ) throws(Failure) -> StateLock? {
        do throws(StateError) {
            return try StateLocks.acquireManager(in: directory, run: run)
        } catch {
            if case .locked = error { throw Failure(message: error.description, code: .alreadyOwned) }
            problem = problem ?? directory.explained(error)
            return nil
        }
    }

    private static func listen(_ context: ProcessContext) throws(Failure) -> Int32 {
        do throws(ListeningSocketError) {
            return try ListeningSocket.open(environment: context.environment, settings: context.settings)
        } catch {
            throw Failure(message: error.description, code: .systemFailure)
        }
    }

    /// `WORKER_DIRECTORY`, or the directory of our own executable. A missing worker is named at once.
    static func workerDirectory(_ settings: Settings) throws(Failure) -> String {
        var directory = settings.workerDirectory
        if directory.isEmpty {
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
            guard count > 0 else {
                throw Failure(
                    message: "readlink /proc/self/exe failed: mount /proc, or set WORKER_DIRECTORY",
                    code: .systemFailure
                )
            }
            let path = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
            directory = path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
        }
        let missing = WorkerName.allCases.filter { access("\(directory)/\($0.rawValue)", X_OK) != 0 }
        guard missing.isEmpty else {
            let names = missing.map { "\(directory)/\($0.rawValue)" }.joined(separator: ", ")
            throw Failure(
                message: "missing or not executable: \(names); build all with: swift build, or set WORKER_DIRECTORY",
                code: .badConfiguration
            )
        }
        return directory
    }
}
