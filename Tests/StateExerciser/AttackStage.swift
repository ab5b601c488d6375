internal import CTestSupport
internal import FoundationEssentials
internal import Glibc
internal import Shared
internal import TestSupport

/// A state directory that children of this process write to while they are killed and stopped, and what must hold
/// whenever that happens: a reader sees the old or the new content of the `broker` section, every other section is
/// untouched, and the next writer succeeds.
///
/// The children are forks: hundreds of them take a second. This process has one thread, so that is safe here.
struct AttackStage {
    let directory: StateDirectory
    private(set) var violations: [String] = []
    /// Reads that were compared with the pattern.
    private(set) var reads = 0
    /// Files that were no JSON value before the repair, as they may be.
    private(set) var repaired = 0

    /// The whole file as one JSON value.
    private struct Document: Decodable {
        var processes: ProcessesState?
        var source: SourceState?
        var broker: BrokerState?
        var publication: PublicationState?
    }

    /// Starts with a content in the `broker` section and in the neighbouring `publication` section.
    init(_ directory: StateDirectory) throws(StateError) {
        self.directory = directory
        try StateWriter<PublicationState>(directory: directory).commit(Self.neighbour)
        try commit(0)
    }

    /// Only looks at what is there.
    init(copying directory: StateDirectory) {
        self.directory = directory
    }

    /// What the section beside the attacked one holds.
    static let neighbour = StatePattern.publication(3)

    /// Commits as a new owner, in this process.
    func commit(_ number: Int) throws(StateError) {
        try StateWriter<BrokerState>(directory: directory, waitingUpTo: .seconds(5)).commit(StatePattern.broker(number))
    }

    /// Removes the state file and begins again with `number`.
    func reset(to number: Int) throws(StateError) {
        unlink(directory.path + "/state.json")
        for name in (try? FileNames.inDirectory(directory.path)) ?? [] where name.hasPrefix("state.json.") {
            unlink(directory.path + "/" + name)
        }
        try StateWriter<PublicationState>(directory: directory).commit(Self.neighbour)
        try commit(number)
    }

    mutating func expect(_ isTrue: Bool, _ what: @autoclosure () -> String) {
        if !isTrue { violations.append(what()) }
    }

    // MARK: - Children

    /// Runs `body` in a child, which leaves with 0, or with 1 and a line if `body` throws.
    static func inChild(_ body: () throws -> Void) -> pid_t {
        let pid = ctest_fork()
        guard pid == 0 else { return pid }
        do {
            try body()
            _exit(0)
        } catch {
            StateExerciserMain.say("child: \(error)")
            _exit(1)
        }
    }

    /// How a child ended or stopped.
    enum End: Equatable {
        case code(Int32)
        case signal(Int32)
        case stopped(Int32)
    }

    /// Waits until `pid` ends or stops.
    static func wait(_ pid: pid_t) -> End {
        var status: Int32 = 0
        while waitpid(pid, &status, WUNTRACED) < 0, errno == EINTR {}
        if status & 0xff == 0x7f { return .stopped(status >> 8 & 0xff) }
        return status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    }

    // MARK: - Checks

    /// What a reader that starts now sees in the attacked section.
    ///
    /// - Returns: `nil` for an empty section.
    mutating func seen(_ moment: @autoclosure () -> String) -> Int? {
        reads += 1
        switch StateReader(directory: directory).read(BrokerState.self) {
        case .content(let state, _):
            guard let number = StatePattern.number(of: state) else {
                expect(false, "\(moment()): a mixture")
                return -1
            }
            return number
        case .empty, .unchanged:
            return nil
        case .unreadable(let error):
            expect(false, "\(moment()): \(error)")
            return -1
        }
    }

    /// A reader sees one of `allowed`, and so it does after the repair, with the neighbour untouched and the whole file
    /// one JSON value.
    mutating func check(_ allowed: Set<Int?>, _ moment: @autoclosure () -> String) {
        let number = seen(moment())
        expect(allowed.contains(number), "\(moment()): \(number.map(String.init) ?? "nothing") was read")
        if document() == nil { repaired += 1 }
        do {
            expect(try StateFile.repair(.broker, in: directory), "\(moment()): the lock of a dead writer is held")
        } catch {
            expect(false, "\(moment()): the repair: \(error)")
        }
        guard let document = document() else { return expect(false, "\(moment()): no JSON after the repair") }
        expect(document.broker.flatMap(StatePattern.number(of:)) == number, "\(moment()): the repair changed it")
        expect(document.publication == Self.neighbour, "\(moment()): the neighbour changed")
    }

    private func document() -> Document? {
        guard let bytes = try? RepositoryFile.bytes(directory.path + "/state.json") else { return nil }
        return try? JSONDecoder().decode(Document.self, from: Data(bytes))
    }

    /// Prints the outcome.
    ///
    /// - Returns: The exit code: 0 without a violation.
    func report(_ summary: String) -> Int32 {
        StateExerciserMain.say("\(summary); \(reads) reads verified, \(violations.count) violations")
        for violation in violations.prefix(10) { StateExerciserMain.say("VIOLATION \(violation)") }
        return violations.isEmpty ? 0 : 1
    }
}
