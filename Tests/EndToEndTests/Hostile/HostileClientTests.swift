import Glibc
import Shared
import TestSupport
import Testing

@testable import HealthServer

/// Each attack on the port of the real thing, while the kubelet goes on probing: a new connection each, one second.
@Suite(.serialized, .timeLimit(.minutes(10))) struct HostileClientTests {
    /// How long each attack lasts: `PMM_ATTACK_SECONDS`. Without it there is none: two dozen floods and a clock of one
    /// second need a machine on which nothing else runs.
    static let seconds = getenv("PMM_ATTACK_SECONDS").flatMap { Int(String(cString: $0)) } ?? 0
    static let memoryLimitKiB = 160 * 1024

    @Test func noAttackCostsAProbe() throws {
        guard Self.seconds > 0 else {
            print("skipped: PMM_ATTACK_SECONDS is not set (make attacks and make check set it)")
            return
        }
        let pod = try SmallPod(ChaosContracts.payload([0: .content(1), 1: .content(1)]))
        let manager = pod.manager
        let pid = try #require(manager.pid(of: .healthServer))
        let atRest = try Self.memory(pid).now
        print("| attack | what | probes | failed | slowest | memory after, most |\n|---|---|---|---|---|---|")
        for attack in Attack.all {
            let prober = try KubeletProber(port: manager.port, every: .milliseconds(100))
            var what = "FAILED"
            do {
                let end = MonotonicTime.now() + .seconds(Self.seconds)
                what = try attack.strike(AttackStage(port: manager.port, end: end))
            } catch {
                Issue.record("\(attack): \(error)")
            }
            let probes = prober.stop()
            let failed = probes.filter { $0.outcome != .answered(200) && !$0.isLostToTheMachine }
            let slowest = probes.map { ($0.ended - $0.began).milliseconds }.max() ?? 0
            let memory = try Self.memory(pid)
            print(
                "| \(attack) | \(what) | \(probes.count) | \(failed.count) | \(slowest) ms | \(memory.now / 1024), "
                    + "\(memory.most / 1024) MiB |"
            )
            #expect(failed.isEmpty, "\(attack): \(failed)")
            #expect(probes.count >= Self.seconds * 2, "\(attack)")
            #expect(memory.most < Self.memoryLimitKiB, "\(attack)")
            // Nobody died of it, and what is right is still answered.
            #expect(manager.pid(of: .healthServer) == pid, "\(attack)")
            #expect(manager.get("/providers/Ledger/ready").code == 200, "\(attack)")
            #expect(manager.get("/readyz?verbose").body.hasSuffix("readyz check passed\n"), "\(attack)")
        }
        print("memory of the health server at rest: \(atRest / 1024) MiB")
        #expect(manager.processes?.workers.allSatisfy { $0.restarts == 0 } == true)
        // All connections end by themselves: the places of those who have gone are free again.
        try manager.wait(for: "only the asking connection is left", within: .seconds(20)) {
            ProcessTree.descriptorCount(of: pid) < 32
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    /// Resident memory now and at its highest, KiB.
    private static func memory(_ pid: Int32) throws -> (now: Int, most: Int) {
        let text = try RepositoryFile.text("/proc/\(pid)/status")
        func value(_ name: String) -> Int {
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
            return Int(line.filter(\.isNumber)) ?? 0
        }
        return (value("VmRSS"), value("VmHWM"))
    }
}
