import Glibc
import Shared
import TestSupport
import Testing

/// Everything happens at once, for a while; then it is quiet, and nothing is lost.
@Suite(.serialized, .timeLimit(.minutes(ChaosSettings.seconds / 60 + 5))) struct ChaosTests {
    @Test func nothingIsLostAndNothingIsSaidThatIsNotSo() throws {
        let seed = ChaosSettings.seed
        print("chaos: PMM_CHAOS_SECONDS=\(ChaosSettings.seconds) PMM_CHAOS_SEED=\(seed)")
        let directory = try TemporaryDirectory()
        var run = try ChaosRun(in: directory)
        try run.perform(ChaosPlan(seed: seed, length: .seconds(ChaosSettings.seconds)))
        var ends = try run.quiet(within: .seconds(90)).map { "in the end: \($0)" }
        let probes = ProbeOracle(run.probes(), run.workers.disturbances, start: run.start)
        let exit = run.manager.end(with: SIGTERM, within: .seconds(6))
        if exit != .code(0) { ends.append("the manager ended with \(exit), not 0") }
        ends += Self.survivors(of: directory).map { "process \($0) outlived the manager" }
        let lies = run.oracle.violations.map { "\(($0.at - run.start).milliseconds) ms: \($0.text)" }
        // A few of each kind: a run can have thousands of one.
        for violation in ends.prefix(8) + probes.violations.prefix(8) + lies.prefix(8) {
            Issue.record("\(violation) (seed \(seed))")
        }
        let violations = ends + probes.violations + lies
        if !violations.isEmpty {
            print(run.log.joined(separator: "\n"))
            print(run.manager.log.lines.suffix(200).joined(separator: "\n"))
        }
        report(run, probes, violations.count)
        #expect(run.oracle.claims > 0 && probes.answered > 0)
    }

    private func report(_ run: ChaosRun, _ probes: ProbeOracle, _ violations: Int) {
        let actions = run.performed.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
        print("done: \(actions.joined(separator: ", ")); \(run.skipped) found nothing to be done to")
        print("\(run.workers.processIDs.count) worker processes; \(probes.summary)")
        let oracle = run.oracle
        print(
            "\(oracle.claims) contracts said to be there (\(oracle.staleClaims) stale), \(oracle.samples) looks at the "
                + "broker; oldest true claim \(oracle.oldest.milliseconds) ms; quiet after "
                + "\(run.quietAfter.map { "\($0.milliseconds) ms" } ?? "never"); \(violations) violations"
        )
    }

    /// Processes of this run that are still there: nobody else has its state directory in the environment.
    private static func survivors(of directory: TemporaryDirectory) -> [Int32] {
        guard let entries = opendir("/proc") else { return [] }
        defer { closedir(entries) }
        var found: [Int32] = []
        let mark = Array("STATE_DIR=\(directory.path)/state".utf8)
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let pid = Int32(name), let bytes = try? RepositoryFile.bytes("/proc/\(name)/environ") else {
                continue
            }
            if bytes.split(separator: 0).contains(where: { $0.elementsEqual(mark) }) { found.append(pid) }
        }
        return found
    }
}
