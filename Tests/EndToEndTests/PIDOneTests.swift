import Glibc
import Shared
import TestSupport
import Testing

/// The manager as PID 1 of a namespace of its own, as in a container.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PIDOneTests {
    static let unshare = ["/usr/bin/unshare", "-Urpf", "--mount-proc"]
    /// Why this cannot be tried here; `nil` if it can.
    static let obstacle: String? = {
        for tool in ["/usr/bin/unshare", "/usr/bin/nsenter"] where access(tool, X_OK) != 0 {
            return "\(tool) (util-linux) is not installed"
        }
        guard
            let probe = try? TestChildProcess(
                unshare[0],
                Array(unshare.dropFirst()) + ["/bin/true"],
                environment: []
            ), (try? probe.wait(within: .seconds(10)))?.exit == .code(0)
        else { return "user and pid namespaces are not allowed here" }
        return nil
    }()

    private let faults = SupervisorFaultTests()

    /// Runs a shell command inside of the manager's namespaces.
    private func inside(_ manager: Int32, _ command: String) throws {
        let run = try TestChildProcess(
            "/usr/bin/nsenter",
            ["-t", "\(manager)", "-U", "-p", "--preserve-credentials", "/bin/sh", "-c", command],
            environment: ["PATH=/usr/bin:/bin"]
        )
        let (exit, output) = try run.wait(within: .seconds(60))
        #expect(exit == .code(0), "\(output)")
    }

    @Test func takesEverySignalReapsAThousandOrphansAndStopsInOrder() throws {
        if let obstacle = Self.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let directory = try TemporaryDirectory()
        let manager = try faults.manager(in: directory, wrapper: Self.unshare)
        try faults.allReady(manager)
        let one = try #require(ProcessTree.children(of: manager.processID).first)
        let workers = ProcessTree.children(of: one)
        #expect(workers.count == 3)
        let namesPIDOne = WorkerName.allCases.compactMap { manager.pid(of: $0) }
        #expect(namesPIDOne.allSatisfy { $0 > 1 && $0 < 1000 })

        // All but the ones it acts upon, and SIGKILL and SIGSTOP, which from outside nobody can refuse.
        let harmless = (1...64).filter { ![SIGHUP, SIGINT, SIGTERM, SIGKILL, SIGSTOP].contains(Int32($0)) }
        for number in harmless { kill(one, Int32(number)) }
        // From inside, even these do nothing.
        let all = (harmless + [Int(SIGKILL), Int(SIGSTOP)]).map(String.init).joined(separator: " ")
        try inside(one, "for n in \(all); do kill -$n 1 || exit 1; done")
        #expect(ProcessTree.children(of: one) == workers)

        try inside(one, "i=0; while [ $i -lt 1000 ]; do (true &); i=$((i+1)); done")
        try manager.wait(for: "1,000 orphans") { (manager.processes?.reapedOrphans ?? 0) >= 1000 }
        try manager.wait(for: "no zombie left") {
            ProcessTree.children(of: one).allSatisfy { ProcessTree.state(of: $0) != "Z" }
        }
        #expect(ProcessTree.children(of: one) == workers)
        #expect(manager.processes?.workers.allSatisfy { $0.restarts == 0 && $0.phase == .ready } == true)
        print(
            "as PID 1: \(harmless.count) signals from outside, \(harmless.count + 2) from inside, "
                + "\(manager.processes?.reapedOrphans ?? 0) orphans reaped"
        )

        kill(one, SIGTERM)
        try manager.log.waitForEnd(within: .seconds(6))
        #expect(manager.end(with: 0, within: .seconds(5)) == .code(0))
        #expect(workers.allSatisfy { kill($0, 0) != 0 && errno == ESRCH })
        #expect(manager.processes?.workers.allSatisfy { $0.phase == .stopped } == true)
    }
}
