internal import CLinux
internal import Glibc
import Shared
import Synchronization

/// The only place that waits: hands answers and time to the machine and does what it says.
struct GateLoop {
    private let settings: GateSettings
    private let login: BrokerLogin

    init(_ settings: GateSettings, _ environment: ProcessEnvironment) {
        self.settings = settings
        login = BrokerLogin(settings.source, environment)
    }

    /// Waits until it is decided how it ended.
    func run() throws(SystemError) -> GateOutcome {
        let inbox = try Inbox()
        let client = GateClient(settings) { inbox.put($0) }
        let seed = UInt64(MonotonicTime.now().nanoseconds) ^ UInt64(getpid()) << 40
        var machine = GateMachine(settings, jitter: JitterSource(seed: seed))
        var events: [GateMachine.Event] = [.started]
        while true {
            for event in events {
                for action in machine.handle(event, now: .now()) {
                    if let outcome = perform(action, client, inbox) { return outcome }
                }
            }
            inbox.wait(until: machine.wakeTime)
            events = inbox.takeAll().map { .ended(id: $0.id, $0.result) } + [.woken]
        }
    }

    private func perform(_ action: GateMachine.Action, _ client: GateClient, _ inbox: Inbox) -> GateOutcome? {
        switch action {
        case .ask(let id, let question):
            do throws(GateFailure) {
                client.ask(id, question, login: try login.header())
            } catch {
                inbox.put(.init(id: id, result: .failure(error)))
            }
        case .abandon(let id): client.abandon(id)
        case .say(let line): GateConsole.say(line)
        case .finish(let outcome): return outcome
        }
        return nil
    }
}

/// What the client's thread leaves for the loop's.
private final class Inbox: Sendable {
    private let event: Int32
    private let items = Mutex<[GateClient.Ended]>([])

    init() throws(SystemError) {
        event = try checked("eventfd", "", clinux_event_create())
    }

    func put(_ item: GateClient.Ended) {
        items.withLock { $0.append(item) }
        var one: UInt64 = 1
        // Cannot fail: the counter would have to be full.
        _ = write(event, &one, 8)
    }

    func takeAll() -> [GateClient.Ended] {
        items.withLock { items in
            defer { items = [] }
            return items
        }
    }

    func wait(until time: MonotonicTime) {
        let left = max(0, (time - MonotonicTime.now()).nanoseconds)
        // Rounded up, so that it does not wake just before and spin.
        let milliseconds = Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0))
        var entry = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return }
        var value: UInt64 = 0
        _ = read(event, &value, 8)
    }
}
