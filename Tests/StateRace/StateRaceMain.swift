internal import FoundationEssentials
internal import Glibc
internal import Shared
internal import Synchronization
internal import TestSupport

/// Two owners and three readers of one state file as threads of one process, for the thread sanitizer.
///
/// The owners share one mapping, because the sanitizer takes two mappings of a file for two memories. It does not see
/// the readers' `pread`, which is the kernel's business, nor what a `Mutex` protects: the library of `Mutex` is not
/// instrumented on Linux, and each use by two threads would be reported as a race. So each reader has its own object.
@main
struct StateRaceMain {
    static func main() throws { exit(try run()) }

    /// - Returns: The exit code.
    static func run() throws -> Int32 {
        let seconds = CommandLine.arguments.dropFirst().first.map { Int($0) ?? 0 } ?? 5
        guard CommandLine.arguments.count <= 2, seconds > 0 else {
            print("usage: state-race [SECONDS]")
            return 64
        }
        let scratch = try TemporaryDirectory()
        let directory = try StateDirectory(resolved: scratch.path)
        // Makes the file.
        try StateWriter<BrokerState>(directory: directory).commit(StatePattern.broker(0))
        guard let file = try StateFile.open(directory) else { return 1 }
        let race = Race(directory, file, end: MonotonicTime.now() + .seconds(seconds))
        let threads = [
            TestThread { race.write(BrokerState.self) { StatePattern.broker($0) } },
            TestThread { race.write(PublicationState.self) { StatePattern.publication($0) } },
            TestThread { race.read() }, TestThread { race.read() }, TestThread { race.read() },
        ]
        for thread in threads { thread.join() }
        let reads = race.reads.load(ordering: .relaxed)
        let commits = race.commits.load(ordering: .relaxed)
        let problems = race.problems.withLock { $0 }
        print("\(commits) commits, \(reads) verified reads by three readers, \(problems.count) problems")
        for problem in problems.prefix(10) { print("PROBLEM \(problem)") }
        return problems.isEmpty && reads > 0 && commits > 0 ? 0 : 1
    }
}

/// What the threads share.
///
/// `@unchecked Sendable`: the file is immutable but for what it maps, and whether that is stored to and loaded as it
/// must be is the question here.
final class Race: @unchecked Sendable {
    let directory: StateDirectory
    let file: StateFile
    let end: MonotonicTime
    let commits = Atomic(0)
    let reads = Atomic(0)
    let problems = Mutex<[String]>([])

    init(_ directory: StateDirectory, _ file: StateFile, end: MonotonicTime) {
        self.directory = directory
        self.file = file
        self.end = end
    }

    private var isOver: Bool { MonotonicTime.now() >= end }

    private func problem(_ text: String) { problems.withLock { $0.append(text) } }

    /// Commits one pattern after the other into the section of `type`.
    func write<Content: StateSectionContent>(_ type: Content.Type, _ content: (Int) -> Content) {
        let encoder = JSONEncoder()
        let memory = file.memory(Content.section)
        var number = 0
        while !isOver {
            number += 1
            guard let bytes = try? encoder.encode(content(number)), memory.commit([UInt8](bytes), after: nil) != nil
            else { return problem("commit \(number) into \(Content.section.rawValue) failed") }
            commits.add(1, ordering: .relaxed)
        }
    }

    func read() {
        let reader = StateReader(directory: directory)
        var last = (broker: 0, publication: 0)
        while !isOver {
            let word = reader.changeWord()
            if case .content(let state, _) = reader.read(BrokerState.self) {
                check(StatePattern.number(of: state), &last.broker)
            }
            if case .content(let state, _) = reader.read(PublicationState.self) {
                check(StatePattern.number(of: state), &last.publication)
            }
            _ = reader.waitForChange(after: word, timeout: .milliseconds(20))
        }
    }

    private func check(_ number: Int?, _ last: inout Int) {
        reads.add(1, ordering: .relaxed)
        guard let number else { return problem("a mixture after \(last)") }
        if number < last { problem("\(number) after \(last)") }
        last = number
    }
}
