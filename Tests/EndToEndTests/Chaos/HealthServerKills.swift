import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

/// Kills the real health server again and again, at moments that a seed decides, under a kubelet's probes.
struct HealthServerKills {
    /// When the next kill comes.
    enum Moment: Equatable, Sendable {
        /// So long after READY=1; within a second the successor waits 50 to 250 ms, later it starts at once.
        case ready(after: Duration)
        /// So long after it was spawned, ready or not.
        case started(after: Duration)
        /// Ready, and holding a connection on which half a request has come.
        case midRequest
    }

    /// What came of them.
    struct Result: Sendable {
        var kills = 0
        var beforeReady = 0
        var afterASecond = 0
        var midRequest = 0
        /// Kills that came later than their moment, for the last probe had failed.
        var heldBack = 0
        /// Half requests that ended otherwise than with the connection.
        var halfRequestsNotCut = 0
        var probes: [Probe] = []
        var disturbances: [ProbeOracle.Disturbance] = []
    }

    let manager: ManagerProcess
    let prober: KubeletProber
    private(set) var result = Result()

    init(_ manager: ManagerProcess) throws {
        self.manager = manager
        prober = try KubeletProber(port: manager.port)
    }

    /// `count` moments; each kind occurs in twenty or more.
    static func moments(_ count: Int, seed: UInt64) -> [Moment] {
        var random = SplitMix64(seed: seed)
        return (0..<count)
            .map { index in
                switch (index % 20, Int.random(in: 0..<10, using: &random)) {
                case (7, _): .ready(after: .milliseconds(Int.random(in: 1000...1200, using: &random)))
                case (3, _), (13, _): .midRequest
                case (11, _), (17, _): .started(after: .zero)
                case (_, 0), (_, 1): .started(after: .microseconds(Int.random(in: 0...40_000, using: &random)))
                default: .ready(after: .microseconds(Int.random(in: 0...40_000, using: &random)))
                }
            }
    }

    /// - Throws: If a successor does not come.
    mutating func perform(_ moments: [Moment]) throws {
        var former: Int32?
        for moment in moments {
            let needsReady = if case .started = moment { false } else { true }
            let pid = try successor(of: former, isReady: needsReady)
            try perform(moment, on: pid)
            former = pid
        }
        _ = try successor(of: former, isReady: true)
        let end = prober.count
        try manager.wait(for: "a probe of the last successor") { prober.count > end + 1 }
        result.probes = prober.stop()
    }

    private func successor(of former: Int32?, isReady: Bool) throws -> Int32 {
        var found: Int32?
        try manager.wait(for: "the next health server") {
            guard let worker = manager.processes?.workers.first(where: { $0.name == WorkerName.healthServer.rawValue }),
                let pid = worker.pid, pid != former, worker.phase == .ready || (!isReady && worker.phase == .starting)
            else { return false }
            found = pid
            return true
        }
        return try #require(found)
    }

    private mutating func perform(_ moment: Moment, on pid: Int32) throws {
        var half: TestSocket?
        switch moment {
        case .ready(let delay), .started(let delay): pause(delay)
        case .midRequest:
            let deadline = MonotonicTime.now() + .seconds(20)
            let socket = try TestSocket(host: "127.0.0.1", port: manager.port, deadline: deadline)
            try socket.write(Array("GET /liveness HTTP/1.1\r\nHo".utf8), deadline: deadline)
            // Connections are accepted in order: whoever answers this one has accepted the other.
            #expect(manager.get("/liveness").code == 200)
            half = socket
        }
        try holdBack()
        let phase = manager.processes?.workers.first { $0.name == WorkerName.healthServer.rawValue }?.phase
        let before = MonotonicTime.now()
        kill(pid, SIGKILL)
        // The signal is sent; the kernel may still be taking the process apart.
        result.disturbances.append(.ended(at: before, until: .now() + .milliseconds(50)))
        result.kills += 1
        if phase == .starting { result.beforeReady += 1 }
        if case .ready(let delay) = moment, delay >= .seconds(1) { result.afterASecond += 1 }
        guard let half else { return }
        result.midRequest += 1
        do {
            if !(try half.read(deadline: .now() + .seconds(20)).isEmpty) { result.halfRequestsNotCut += 1 }
        } catch TestSupportError.socketFailed(_, ECONNRESET) {
            // Cut as well.
        }
    }

    /// After a failed probe waits for an answered one: who ends a process before it had the time for one answer has
    /// two failures in a row for certain, and they say nothing about anybody else.
    private mutating func holdBack() throws {
        guard prober.failuresInARow > 0 else { return }
        result.heldBack += 1
        try prober.waitForAnswer(within: .seconds(20))
    }

    private func pause(_ duration: Duration) {
        var time = timespec()
        time.tv_sec = Int(duration.nanoseconds / 1_000_000_000)
        time.tv_nsec = Int(duration.nanoseconds % 1_000_000_000)
        // Not a wait for something: the moment of the kill is what is being varied.
        nanosleep(&time, nil)
    }
}
