import CLinux
import Glibc
import Shared
import Synchronization
import TestSupport

/// Sends probes to `/liveness` as the kubelet does, in a thread of its own, one every few milliseconds: a new
/// connection each, `Connection: close`, one second for all of it.
///
/// It stops with ``stop()``, and with this object.
final class KubeletProber: Sendable {
    private struct State {
        var probes: [Probe] = []
        var failuresInARow = 0
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let port: UInt16
    private let interval: Duration
    /// Closing the second ends the thread; the first is what it waits on between probes.
    private let waitEnd: Int32
    private let stopEnd: Mutex<Int32>
    /// Readable to its end once the thread is over.
    private let endedEnd: Int32
    private let ending: Int32

    /// Starts at once.
    ///
    /// - Parameter interval: From the end of one probe to the beginning of the next.
    init(port: UInt16, every interval: Duration = .milliseconds(3)) throws {
        self.port = port
        self.interval = interval
        var stop: [Int32] = [-1, -1]
        var ended: [Int32] = [-1, -1]
        try checked("pipe2", "", clinux_pipe(&stop, false))
        try checked("pipe2", "", clinux_pipe(&ended, false))
        waitEnd = stop[0]
        stopEnd = Mutex(stop[1])
        endedEnd = ended[0]
        ending = ended[1]
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Work(self))
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            box.toOpaque()
        )
        guard result == 0 else {
            box.release()
            throw TestSupportError.socketFailed(call: "pthread_create", number: result)
        }
        pthread_detach(thread)
    }

    deinit {
        closeStopEnd()
        close(waitEnd)
        close(endedEnd)
        close(ending)
    }

    /// What the thread holds: the prober only while it probes, so that an abandoned one ends.
    private final class Work: Sendable {
        private let waitEnd: Int32
        private let interval: Duration
        private let prober: Mutex<Weak>

        private struct Weak: Sendable { weak var prober: KubeletProber? }

        init(_ prober: KubeletProber) {
            waitEnd = dup(prober.waitEnd)
            interval = prober.interval
            self.prober = Mutex(Weak(prober: prober))
        }

        func run() {
            var entry = pollfd(fd: waitEnd, events: Int16(POLLIN), revents: 0)
            while poll(&entry, 1, Int32(interval.milliseconds)) == 0 {
                guard let prober = prober.withLock({ $0.prober }) else { break }
                prober.note(Probe.send(port: prober.port))
            }
            close(waitEnd)
            prober.withLock({ $0.prober })?.end()
        }
    }

    /// Failed probes since the last answered one.
    var failuresInARow: Int { state.withLock(\.failuresInARow) }

    /// Waits until the last probe was answered.
    ///
    /// - Throws: `timedOut`.
    func waitForAnswer(within limit: Duration) throws {
        let deadline = MonotonicTime.now() + limit
        while failuresInARow > 0 {
            guard MonotonicTime.now() < deadline else {
                throw TestSupportError.timedOut(waitingFor: "an answered probe", received: 0)
            }
            _ = poll(nil, 0, 1)
        }
    }

    /// How many probes have ended.
    var count: Int { state.withLock { $0.probes.count } }

    /// Ends the probing after the probe that is under way.
    ///
    /// - Returns: All probes in order.
    func stop() -> [Probe] {
        closeStopEnd()
        var entry = pollfd(fd: endedEnd, events: Int16(POLLIN), revents: 0)
        while !state.withLock(\.hasEnded) { _ = poll(&entry, 1, 100) }
        return state.withLock(\.probes)
    }

    private func note(_ probe: Probe) {
        state.withLock { state in
            state.probes.append(probe)
            state.failuresInARow = probe.isAnswered ? 0 : state.failuresInARow + 1
        }
    }

    private func end() {
        state.withLock { $0.hasEnded = true }
        var byte: UInt8 = 1
        _ = write(ending, &byte, 1)
    }

    private func closeStopEnd() {
        stopEnd.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }
}
