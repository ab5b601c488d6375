internal import CTestSupport
internal import Glibc
internal import Shared
internal import TestSupport

/// A commit, stopped and checked after each of its instructions.
///
/// What a kill at an instruction leaves is what the file holds at that moment: all stores go to the page cache. The
/// checks are made when an instruction has changed a byte of the header or the section; all others leave what was
/// checked before.
enum SingleSteps {
    /// - Parameter commits: How many; each is ~80,000 instructions in an optimised build, three times as many otherwise.
    /// - Returns: 0, 1 after a violation, 77 where tracing is not allowed.
    static func run(_ directory: StateDirectory, commits: Int) throws -> Int32 {
        // Writer and tracer take turns: on one processor a turn costs a quarter.
        ctest_stay_on_this_processor()
        var stage = try AttackStage(directory)
        let copy = try TemporaryDirectory()
        var steps = 0
        var images = 0
        for base in 1...commits {
            try stage.commit(base)
            let child = AttackStage.inChild {
                let writer = try StateWriter<BrokerState>(directory: directory, waitingUpTo: .seconds(5))
                let content = StatePattern.broker(base + 1)
                guard ctest_trace_me() == 0 else { _exit(77) }
                raise(SIGSTOP)
                try writer.commit(content)
                raise(SIGUSR1)
            }
            let start = AttackStage.wait(child)
            guard start == .stopped(SIGSTOP) else {
                StateExerciserMain.say("tracing is not possible here (\(start))")
                return start == .code(77) ? 77 : 1
            }
            let image = try SectionImage(directory.path + "/state.json")
            try step(child, image, &stage, copy, base, &steps, &images)
            kill(child, SIGKILL)
            _ = AttackStage.wait(child)
        }
        stage.expect(images > 100, "only \(images) different images were seen")
        return stage.report("\(steps) instructions in \(commits) commits, \(images) different images")
    }

    private static func step(
        _ child: pid_t,
        _ image: SectionImage,
        _ stage: inout AttackStage,
        _ copy: TemporaryDirectory,
        _ base: Int,
        _ steps: inout Int,
        _ images: inout Int
    ) throws {
        var isNew = false
        while stage.violations.count < 20 {
            let result = ctest_step(child)
            guard result == 0 else { throw SystemError(call: "ptrace", number: -result, subject: "step") }
            switch AttackStage.wait(child) {
            case .stopped(SIGTRAP): break
            case .stopped(SIGUSR1):
                return stage.expect(isNew, "the commit has ended and the old content is read")
            case let end:
                return stage.expect(false, "the writer did not arrive: \(end)")
            }
            steps += 1
            guard image.hasChanged() else { continue }
            images += 1
            let moment = "commit \(base + 1), instruction \(steps)"
            let number = stage.seen(moment)
            stage.expect(number == base + 1 || number == base && !isNew, "\(moment): \(number ?? -1) was read")
            isNew = number == base + 1
            // The writer lives and owns the section, so the kill is tried on a copy.
            _ = try copy.write("state.json", RepositoryFile.bytes(stage.directory.path + "/state.json"))
            var killed = try AttackStage(copying: StateDirectory(resolved: copy.path))
            killed.check([number], moment)
            for violation in killed.violations { stage.expect(false, "\(violation) (in the copy)") }
        }
    }
}

/// The header and the `broker` section of a state file as they were at the last look.
final class SectionImage {
    private let base: UnsafeMutableRawPointer
    private let length: Int
    /// Where the section begins and ends.
    private let section: Range<Int>
    private var last: [UInt8]

    private static let headerSize = 512

    init(_ path: String) throws {
        let file = try FileDescriptor(opening: path, flags: O_RDONLY)
        length = try RepositoryFile.bytes(path).count
        guard let address = mmap(nil, length, PROT_READ, MAP_SHARED, file.number, 0), address != MAP_FAILED else {
            throw SystemError(call: "mmap", number: errno, subject: path)
        }
        base = address
        let header = try RepositoryFile.text(path).prefix(Self.headerSize)
        section = try Self.offset("broker", header)..<Self.offset("publication", header)
        last = []
        _ = hasChanged()
    }

    deinit { munmap(base, length) }

    private static func offset(_ name: String, _ header: Substring) throws -> Int {
        guard let place = header.firstRange(of: "\"name\":\"\(name)\",\"offset\":"),
            let offset = Int(header[place.upperBound...].prefix { $0.isNumber })
        else { throw StateError.damaged(path: "state.json", reason: "no offset of \(name)") }
        return offset
    }

    /// Compares with the last look.
    func hasChanged() -> Bool {
        let isSame =
            last.count == Self.headerSize + section.count
            && last.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return false }
                return memcmp(start, base, Self.headerSize) == 0
                    && memcmp(start + Self.headerSize, base + section.lowerBound, section.count) == 0
            }
        if isSame { return false }
        last = Array(UnsafeRawBufferPointer(start: base, count: Self.headerSize))
        last += UnsafeRawBufferPointer(start: base + section.lowerBound, count: section.count)
        return true
    }
}
