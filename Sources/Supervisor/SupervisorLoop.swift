internal import CLinux
internal import Glibc
import Logging
import Shared

/// The only place that waits: performs what ``SupervisorCore`` decides and tells it what happened.
final class SupervisorLoop {
    private let settings: Settings
    private let workerDirectory: String
    private let listeningSocket: Int32
    private let notifyDescriptor: Int32
    private let workerEnvironment: WorkerEnvironment
    private let memory: MemoryPlan
    private let service: ServiceNotifier
    private let signals: SignalDescriptor
    private let epoll: FileDescriptor
    private let timer: FileDescriptor
    private var core: SupervisorCore
    private var logs: LogForwarder
    private let board: StateBoard
    private var pending: [SupervisorEvent] = []
    private var isFinished = false
    private var waitsForOutput = false

    /// What each ready descriptor is, in epoll's data.
    private enum Token: UInt64 {
        case signals = 1
        case timer
        case notify
        case output
        case firstLog = 16
    }

    init(_ setup: SupervisorSetup) throws(SystemError) {
        settings = setup.context.settings
        workerDirectory = setup.workerDirectory
        listeningSocket = setup.listeningSocket
        signals = setup.signals
        service = ServiceNotifier(environment: setup.context.environment)
        logs = setup.logs
        board = setup.board
        notifyDescriptor = setup.notifyDescriptor
        workerEnvironment = setup.workerEnvironment
        memory = setup.memory
        epoll = FileDescriptor(owning: try checked("epoll_create1", "", clinux_epoll_create()))
        timer = FileDescriptor(owning: try checked("timerfd_create", "", clinux_timer_create()))
        core = SupervisorCore(
            seed: UInt64.random(in: .min ... .max),
            now: .now(),
            serviceWatchdog: service.isWanted ? watchdogLimit(environment: setup.context.environment) : nil
        )
        try watch(signals.number, .signals)
        try watch(timer.number, .timer)
        try watch(notifyDescriptor, .notify)
        for (index, worker) in WorkerName.allCases.enumerated() {
            let token = Token.firstLog.rawValue + UInt64(index)
            try checked(
                "epoll_ctl",
                worker.rawValue,
                clinux_epoll_add(epoll.number, logs.readEnd(worker), EPOLLIN.rawValue, token)
            )
        }
    }

    private func watch(_ descriptor: Int32, _ token: Token) throws(SystemError) {
        try checked(
            "epoll_ctl",
            "\(token)",
            clinux_epoll_add(epoll.number, descriptor, EPOLLIN.rawValue, token.rawValue)
        )
    }

    /// Runs until every worker is gone after SIGTERM or SIGINT.
    func run() {
        process(.start)
        var startMemory = StartMemory()
        var tokens = [UInt64](repeating: 0, count: 16)
        var masks = [UInt32](repeating: 0, count: 16)
        while !isFinished {
            tellService()
            flushOutput()
            armTimer()
            let count = clinux_epoll_wait(epoll.number, &tokens, &masks, 16, -1)
            guard count > 0 else { continue }
            let ready = Set(tokens[0..<Int(count)])
            // READY=1 from a process that died right afterwards must be seen before its exit.
            if ready.contains(Token.notify.rawValue) || ready.contains(Token.signals.rawValue) { readNotifications() }
            if ready.contains(Token.signals.rawValue) { readSignals() }
            for (index, worker) in WorkerName.allCases.enumerated()
            where ready.contains(Token.firstLog.rawValue + UInt64(index)) {
                logs.read(worker)
            }
            process(.timer)
            startMemory.release(now: .now())
            board.retry()
            // Through the same queue as everything else: a standard error that nobody reads would block us.
            for news in board.takeNews() { logs.log(news.level, news.message, news.fields(isSupervised: false)) }
        }
        tellService()
        flushOutput()
    }

    // MARK: Events

    private func process(_ event: SupervisorEvent) {
        pending.append(event)
        while !pending.isEmpty {
            let event = pending.removeFirst()
            let modeBefore = core.mode
            let now = MonotonicTime.now()
            let actions = core.handle(event, now: now)
            // Readiness turns 503 before anybody is stopped; otherwise a restart does not wait for the state file.
            if modeBefore == .running, core.mode != .running { board.publish(core, logs.droppedLogLines, now: now) }
            for action in actions { performUrgent(action) }
            var publishes = false
            for action in actions { publishes = performRest(action, now: now) || publishes }
            if publishes { board.publish(core, logs.droppedLogLines, now: now) }
        }
    }

    private func performUrgent(_ action: SupervisorAction) {
        switch action {
        case .spawn(let worker): spawn(worker)
        case .signal(_, let pid, let signal, let group): send(signal, to: pid, group: group)
        case .repair, .publish, .tick, .log, .service, .exit: break
        }
    }

    /// - Returns: `true` if the section is to be committed.
    private func performRest(_ action: SupervisorAction, now: MonotonicTime) -> Bool {
        switch action {
        case .spawn, .signal: break
        case .repair(let worker): board.repair(worker)
        case .publish: return true
        case .tick:
            board.tick(now: now)
        case .log(let entry):
            logs.log(entry.level, entry.message, entry.fields)
            board.record(entry.message, entry.fields)
        // Sent when the work of this turn is done.
        case .service(let message): service.add(message, decided: now)
        case .exit: isFinished = true
        }
        return false
    }

    private func spawn(_ worker: WorkerName) {
        let inheritsSocket = worker == .healthServer
        let request = SpawnRequest(
            executable: "\(workerDirectory)/\(worker.rawValue)",
            environment: workerEnvironment.variables(
                for: worker,
                watchdogLimit: WorkerPolicy.standard(worker).watchdogLimit,
                inheritsSocket: inheritsSocket
            ),
            logPipe: logs.writeEnd(worker),
            listeningSocket: inheritsSocket ? listeningSocket : nil,
            dataLimit: memory.limits[worker]
        )
        do throws(SpawnError) {
            pending.append(.spawned(worker, pid: try ProcessSpawner.spawn(request)))
        } catch {
            pending.append(.spawnFailed(worker, reason: error.description))
        }
    }

    private func send(_ signal: WorkerSignal, to pid: Int32, group: Bool) {
        let number =
            switch signal {
            case .terminate: SIGTERM
            case .abort: SIGABRT
            case .kill: SIGKILL
            }
        // The pid is not reaped yet (only this thread reaps), so it cannot be somebody else's.
        _ = kill(group ? -pid : pid, number)
        if signal == .kill { _ = kill(pid, SIGKILL) }
    }

    private func readSignals() {
        while let signal = signals.next() {
            switch signal {
            case SIGTERM, SIGINT: process(.terminate)
            case SIGHUP: process(.reload)
            case SIGCHLD: reap()
            default: break
            }
        }
    }

    /// SIGCHLD says that at least one child has exited: reap until none is left.
    private func reap() {
        var pid: Int32 = 0
        var code: Int32 = 0
        var status: Int32 = 0
        while clinux_peek_exit(&pid, &code, &status) == 1 {
            let worker = core.workers.first { $0.pid == pid }?.name
            if let worker {
                // Not reaped yet: the group is still ours. Whatever it left behind there goes with it.
                _ = kill(-pid, SIGKILL)
                logs.drain(worker)
            }
            _ = clinux_reap(pid)
            process(.exited(pid: pid, code == clinux_cld_exited() ? .code(status) : .signal(status)))
        }
    }

    private func readNotifications() {
        var buffer = [CChar](repeating: 0, count: 4096)
        var pid: Int32 = 0
        // Bounded: whoever floods the socket must not keep us from everything else.
        for _ in 0..<64 {
            let count = clinux_notify_receive(notifyDescriptor, &buffer, buffer.count, &pid)
            guard count >= 0 else { return }
            let text = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
            for line in text.split(separator: "\n") {
                switch line {
                case "READY=1": process(.ready(pid: pid))
                case "WATCHDOG=1": process(.heartbeat(pid: pid))
                default: break
                }
            }
        }
    }

    // MARK: Waiting

    private func armTimer() {
        guard let deadline = core.nextDeadline else { return }
        // 0 would disarm it.
        _ = clinux_timer_set(timer.number, max(1, deadline.nanoseconds))
    }

    private func tellService() {
        guard let error = service.flush() else { return }
        logs.log(.warning, "nobody takes what the service manager should know", [("error", error.description)])
    }

    private func flushOutput() {
        logs.flush()
        let waits = !logs.output.isEmpty
        guard waits != waitsForOutput else { return }
        waitsForOutput = waits
        if waits {
            // EPERM for a regular file, which is always writable and so never waited for.
            _ = clinux_epoll_add(epoll.number, STDOUT_FILENO, EPOLLOUT.rawValue, Token.output.rawValue)
        } else {
            _ = clinux_epoll_remove(epoll.number, STDOUT_FILENO)
        }
    }
}
