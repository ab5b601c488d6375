import CLinux
import Glibc
import Logging
import Shared

/// The only place that waits: for the source, for signals and for the next poll or heartbeat. One thread.
final class WatcherLoop {
    private let source: any WatchedSource
    private let recorder: DesiredSetRecorder
    private let signals: SignalDescriptor
    private let logger: Logger
    private let notify: NotifySocket
    private let isSupervised: Bool
    private let heartbeatInterval: Duration?
    private var startMemory = StartMemory()
    private var machine: SourceStateMachine
    private var lastHeartbeat: MonotonicTime
    private var trouble = StateTrouble()
    private var lastExamination = MonotonicTime.now()

    /// While the state cannot be written, it is tried this often.
    private static let retryInterval = Duration.seconds(1)
    /// From one look at the stored contracts to the next. The source's own poll makes the turns for it.
    private static let examinationInterval = Duration.seconds(4)

    init(
        source: any WatchedSource,
        recorder: DesiredSetRecorder,
        signals: SignalDescriptor,
        run: String,
        logger: Logger,
        notify: NotifySocket,
        isSupervised: Bool,
        heartbeatInterval: Duration?
    ) {
        self.source = source
        self.recorder = recorder
        self.signals = signals
        self.logger = logger
        self.notify = notify
        self.isSupervised = isSupervised
        self.heartbeatInterval = heartbeatInterval
        machine = SourceStateMachine(run: run, description: source.summary, previous: recorder.previous)
        lastHeartbeat = MonotonicTime.now()
    }

    /// Runs until SIGTERM or SIGINT; SIGHUP reads the source anew.
    func run() throws(SystemError) -> ExitCode {
        tellProblem()
        // Ready before the first look: a source that is missing, huge or slow is no reason to restart the watcher.
        notify.ready()
        while true {
            try source.wait(upTo: patience(MonotonicTime.now()), besides: signals.number)
            while let signal = signals.next() {
                guard signal == SIGHUP else {
                    notify.stopping()
                    return .success
                }
                source.lookAgain(now: MonotonicTime.now())
            }
            turn()
        }
    }

    private func turn() {
        examineStore(MonotonicTime.now())
        if let reading = source.turn(now: MonotonicTime.now()) {
            let lacking = recorder.lacksContents(of: machine.state)
            let outcome = machine.handle(reading, needsContents: lacking, at: WallClock.now())
            recorder.record(outcome.contents, outcome.needsCommit ? machine.state : nil)
            for message in outcome.messages { message.log(to: logger) }
        } else {
            recorder.retry()
        }
        tellProblem()
        beat(MonotonicTime.now())
        startMemory.release(now: .now())
    }

    /// A file that is damaged or gone is stored again with the contracts' next reading, which is now.
    private func examineStore(_ now: MonotonicTime) {
        guard now - lastExamination >= Self.examinationInterval else { return }
        lastExamination = now
        if recorder.findsTouchedFiles() { source.lookAgain(now: now) }
    }

    private func tellProblem() { logger.log(trouble.note(recorder.problem), isSupervised: isSupervised) }

    /// Sent by whichever turn comes when most of the interval is over, so that it costs no wake-up of its own.
    private func beat(_ now: MonotonicTime) {
        guard let heartbeatInterval, now - lastHeartbeat >= heartbeatInterval * 0.7 else { return }
        lastHeartbeat = now
        notify.heartbeat()
    }

    private func patience(_ now: MonotonicTime) -> Duration {
        // Where no heartbeat makes the turns for a look at the stored contracts, this does.
        var deadline = min(source.deadline, now + .seconds(30))
        if let heartbeatInterval { deadline = min(deadline, lastHeartbeat + heartbeatInterval) }
        if recorder.isUnfinished { return .zero }
        if recorder.problem != nil { deadline = min(deadline, now + Self.retryInterval) }
        return max(.zero, deadline - now)
    }
}
