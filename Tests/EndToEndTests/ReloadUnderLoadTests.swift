import Glibc
import Shared
import TestSupport
import Testing

/// SIGHUP restarts the real workers one after the other, in the midst of an edit, under a kubelet's probes.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ReloadUnderLoadTests {
    @Test func noProbeIsLostAndNoEdit() throws {
        let pod = try SmallPod(ChaosContracts.payload([0: .content(0), 2: .content(0)]))
        let (volume, manager, broker) = (pod.volume, pod.manager, pod.broker)
        let probers = try (0..<4).map { _ in try KubeletProber(port: manager.port, every: .milliseconds(1)) }
        let began = MonotonicTime.now()
        // Once at each step of the kubelet's swap.
        for (index, step) in KubeletVolume.Step.allCases.enumerated() {
            let before = WorkerName.allCases.compactMap { manager.pid(of: $0) }
            #expect(before.count == 3)
            try volume.publish(ChaosContracts.payload([0: .content(index + 1), 2: .content(0)])) { done in
                if done == step { manager.signal(SIGHUP) }
            }
            try manager.wait(for: "reload \(index + 1)") {
                let workers = manager.processes?.workers ?? []
                return workers.allSatisfy { $0.phase == .ready && $0.pid.map { !before.contains($0) } == true }
            }
            #expect(manager.processes?.workers.allSatisfy { $0.restarts == 0 } == true)
        }
        let last = KubeletVolume.Step.allCases.count
        let digest = ContentHash.sha256Hex(ChaosContracts.bytes(0, last))
        let client = try TestHTTPClient("http://127.0.0.1:\(manager.port)", timeout: .seconds(30))
        let answer = try client.get("/providers/Ledger/ready?wait=20s&revision=\(digest)")
        #expect(answer.status == 200, "\(answer.text)")
        let latest = try broker.client.get("/pacts/provider/Ledger/consumer/Checkout/latest")
        #expect(latest.text.contains("\"revision \(last)\""), "\(latest.text)")

        for prober in probers {
            let oracle = ProbeOracle(prober.stop(), [], start: began)
            print("\(last) reloads: \(oracle.summary)")
            #expect(oracle.violations.isEmpty, "\(oracle.violations.prefix(10))")
            #expect(oracle.answered >= 5 * last)
        }
        #expect(manager.log.lines.filter { $0.contains("all workers restarted") }.count == last)
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }
}
