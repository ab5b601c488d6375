import CLinux
import Glibc
import Shared
import TestSupport

@testable import Watcher

/// A ``KubernetesSource`` with short times, driven as `WatcherLoop` does it.
final class KubernetesDriver {
    let source: KubernetesSource
    let history = KubernetesHistory()
    private(set) var machine: SourceStateMachine
    private(set) var messages: [WatcherMessage] = []
    /// Nothing comes through it.
    private let signals: FileDescriptor
    private let other: FileDescriptor

    /// Each about a hundredth of the real ones, in the same order.
    static let timing: WatchTiming = {
        var timing = WatchTiming()
        timing.connect = .seconds(2)
        timing.request = .seconds(2)
        timing.head = .seconds(1)
        timing.synchronization = .milliseconds(400)
        timing.doubt = .milliseconds(600)
        timing.silence = .milliseconds(1200)
        timing.check = .seconds(3)
        timing.checkRetry = .milliseconds(150)
        timing.checkGrace = .milliseconds(200)
        timing.healthy = .milliseconds(100)
        timing.expiry = .seconds(1)
        timing.backoff = Backoff(first: .milliseconds(20), maximum: .milliseconds(300))
        timing.start = .milliseconds(300)
        timing.loss = .seconds(1)
        return timing
    }()

    init(
        _ fixture: KubernetesFixture,
        standsInForAbsent: Bool = false,
        url: String? = nil,
        tokenFile: String? = nil,
        caFile: String = "",
        _ change: (inout WatchTiming) -> Void = { _ in }
    ) throws {
        var timing = Self.timing
        change(&timing)
        guard let url = BaseURL(url ?? fixture.api.url) else { preconditionFailure("a URL of our own") }
        let mount = fixture.mount
        source = try KubernetesSource(
            KubernetesSettings(url: url, tokenFile: tokenFile ?? fixture.tokenFile, caFile: caFile),
            namespace: "pact",
            names: fixture.names,
            previous: nil,
            standsInForAbsent: standsInForAbsent,
            timing: timing,
            now: .now()
        ) { now throws(SystemError) in try DirectorySource(path: mount, place: "CONFIGMAP_PATH=\(mount)", now: now) }
        machine = SourceStateMachine(run: "run-1", description: source.summary, previous: nil)
        var ends: [Int32] = [-1, -1]
        try checked("pipe", "", clinux_pipe(&ends, false))
        signals = FileDescriptor(owning: ends[0])
        other = FileDescriptor(owning: ends[1])
    }

    var state: SourceState { machine.state }

    /// Goes on until the section says something.
    func run(
        until what: String,
        within limit: Duration = .seconds(20),
        _ condition: (SourceState) throws -> Bool
    ) throws {
        let deadline = MonotonicTime.now() + limit
        while try !condition(machine.state) {
            let now = MonotonicTime.now()
            guard now < deadline else {
                throw TestSupportError.timedOut(waitingFor: "\(what); section: \(machine.state)", received: 0)
            }
            // Some conditions look at the server.
            let patience = min(max(.zero, source.deadline - now), .milliseconds(50))
            try source.wait(upTo: patience, besides: signals.number)
            guard let reading = source.turn(now: .now()) else { continue }
            messages += machine.handle(reading, at: .now()).messages
            history.note(machine.state)
        }
    }
}
