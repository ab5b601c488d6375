import Shared

/// Judges probes by what was done to the health server meanwhile. Pure: observations in, violations out.
///
/// - A connection is never refused: the supervisor holds the socket.
/// - A probe may be cut if the process that had accepted it was killed: at most one probe per kill, for there is
///   never more than one under way.
/// - A probe may time out only while the health server was stopped (SIGSTOP), and no longer than until the watchdog
///   has replaced it: 3 s without a heartbeat, 1 s from SIGABRT to SIGKILL, at most 250 ms of backoff, and the start
///   (docs/architecture.md); or while the whole machine stood still (``MachineWatch``).
/// - Two probes in a row fail only then, too.
struct ProbeOracle {
    /// What was done to the health server.
    enum Disturbance: Equatable, Sendable {
        /// A signal that ends it, sent at some moment; the process may take until `until` to be gone.
        case ended(at: MonotonicTime, until: MonotonicTime)
        /// Stopped, until it went on or its successor was ready.
        case stopped(from: MonotonicTime, until: MonotonicTime)
    }

    /// Watchdog limit, SIGABRT to SIGKILL, backoff.
    static let replacementLimit: Duration = .seconds(3) + .seconds(1) + .milliseconds(250)
    /// Start of the new process, on a busy machine.
    static let startAllowance: Duration = .seconds(2)

    private(set) var answered = 0
    private(set) var refused = 0
    private(set) var timedOut = 0
    private(set) var timedOutWhileStopped = 0
    private(set) var lostToTheMachine = 0
    private(set) var cut = 0
    private(set) var mostFailedInARow = 0
    private(set) var slowest = Duration.zero
    private(set) var violations: [String] = []

    init(_ probes: [Probe], _ disturbances: [Disturbance], start: MonotonicTime) {
        var unused = disturbances
        var failedInARow = 0
        for probe in probes {
            let at = "probe at \((probe.began - start).milliseconds) ms"
            var isExcused = false
            switch probe.outcome {
            case .answered(200): answered += 1
            case .answered(let code): violations.append("\(at) was answered with \(code)")
            case .refused:
                refused += 1
                violations.append("\(at) was refused")
            case .timedOut where probe.isLostToTheMachine:
                isExcused = true
                lostToTheMachine += 1
            case .timedOut:
                isExcused = Self.isStopped(probe, disturbances)
                if isExcused { timedOutWhileStopped += 1 } else { timedOut += 1 }
                if !isExcused { violations.append("\(at) timed out") }
            case .cut:
                cut += 1
                isExcused = Self.isStopped(probe, disturbances)
                if let index = unused.firstIndex(where: { Self.mayCut($0, probe) }) {
                    unused.remove(at: index)
                } else {
                    violations.append("\(at) was cut although nothing had ended the process that accepted it")
                }
            }
            if probe.isAnswered { slowest = max(slowest, probe.ended - probe.began) }
            failedInARow = probe.isAnswered || isExcused ? 0 : failedInARow + 1
            mostFailedInARow = max(mostFailedInARow, failedInARow)
            if failedInARow == 2 { violations.append("\(at) was the second in a row that failed") }
        }
    }

    private static func isStopped(_ probe: Probe, _ disturbances: [Disturbance]) -> Bool {
        disturbances.contains { disturbance in
            guard case .stopped(let from, let until) = disturbance else { return false }
            let end = min(until, from + replacementLimit + startAllowance)
            return probe.ended >= from && probe.began <= end
        }
    }

    private static func mayCut(_ disturbance: Disturbance, _ probe: Probe) -> Bool {
        switch disturbance {
        case .ended(let at, let until): probe.ended >= at && probe.began <= until
        case .stopped(let from, let until):
            // The watchdog's SIGABRT or SIGKILL.
            probe.ended >= from + .seconds(2) && probe.began <= until
        }
    }

    var summary: String {
        let total = answered + refused + timedOut + timedOutWhileStopped + lostToTheMachine + cut
        return "\(total) probes: \(answered) answered (slowest \(slowest.milliseconds) ms), \(refused) refused, "
            + "\(timedOut) timed out, \(cut) cut, \(timedOutWhileStopped) timed out while the server was stopped, "
            + "\(lostToTheMachine) while the machine stood still; "
            + "most failed in a row \(mostFailedInARow)"
    }
}
