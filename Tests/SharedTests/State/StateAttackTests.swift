import TestSupport
import Testing

/// The state file while its writers are killed, stopped and short of descriptors: `StateExerciser` attacks and judges,
/// in processes of its own. What must hold is said there.
@Suite(.timeLimit(.minutes(3))) struct StateAttackTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// Runs an attack and prints what it did.
    private func attack(_ name: String, _ arguments: String..., optimized: String? = nil) throws -> String {
        let program = try optimized ?? BuiltProducts.testDouble("StateExerciser")
        let process = try TestChildProcess(program, [name, scratch.path] + arguments)
        let (exit, output) = try process.wait(within: .seconds(150))
        print("\(name): \(output)", terminator: "")
        if exit == .code(77) {
            print("skipped: \(name)")
        } else {
            #expect(exit == .code(0), "\(output)")
        }
        return output
    }

    @Test func aKillAtEachStoreOfACommit() throws { _ = try attack("kill-commits") }

    @Test func aKillAtEachStepOfAReplacement() throws { _ = try attack("kill-replacements") }

    @Test func aStopHalfWayThroughCommitsAndReplacements() throws { _ = try attack("stop") }

    @Test func commitsBetweenTheLooksOfAReader() throws { _ = try attack("interrupt-reads") }

    @Test func twoThousandKillsAtRandomMoments() throws { _ = try attack("kill-random", "2000") }

    /// An optimised build, whose stores the compiler may have put into another order, where `make check` made one.
    @Test func aCommitCheckedAfterEachInstruction() throws {
        if let optimized = BuiltProducts.optimizedTestDouble("StateExerciser") {
            _ = try attack("step", "2", optimized: optimized)
        } else {
            _ = try attack("step", "1")
        }
    }

    @Test func aProcessWithoutDescriptorsKeepsItsContentAndGoesOnLater() throws {
        let lines = try attack("descriptors").split(separator: "\n")
        try #require(lines.count == 5)
        #expect(lines[0].hasSuffix("then Too many open files"))
        // The file is open and mapped: a commit into it needs no descriptor.
        #expect(lines[1] == "commit: well; read: 2")
        #expect(lines[2].hasPrefix("commit without a file: ") && lines[2].hasSuffix("Too many open files"))
        #expect(lines[3] == "read: 2")
        #expect(lines[4] == "again: well; read: 3")
    }

    @Test func threadsOfOneProcessThatShareAMapping() throws {
        let process = try TestChildProcess(BuiltProducts.testDouble("state-race"), ["2"])
        let (exit, output) = try process.wait(within: .seconds(60))
        print("state-race: \(output)", terminator: "")
        #expect(exit == .code(0), "\(output)")
    }
}
