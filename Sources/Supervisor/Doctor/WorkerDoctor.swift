internal import CLinux
internal import Glibc
import Shared

/// Runs `publisher --doctor` or `watcher --doctor` to its end, or to ours: what needs the network is theirs.
struct WorkerDoctor {
    /// What came of it.
    struct Answer: Equatable {
        var output: [UInt8] = []
        var end: End
    }

    /// How it ended.
    enum End: Equatable {
        case code(Int32)
        case signal(Int32)
        /// Killed after that many seconds.
        case tooLate(Int)
        /// Killed for saying more than ``limit``.
        case tooMuch
        /// One sentence.
        case notStarted(String)
    }

    let executable: String
    let environment: [String: String]
    /// Its RLIMIT_DATA: beside a manager that runs, no more than a worker may have.
    let dataLimit: UInt64?
    let seconds: Int

    /// Far more than all lines together.
    static let limit = 1 << 20

    func run() -> Answer {
        var pipe: [Int32] = [-1, -1]
        guard clinux_pipe(&pipe, false) == 0 else { return Answer(end: .notStarted("no pipe can be made")) }
        let output = FileDescriptor(owning: pipe[0])
        let null = clinux_open("/dev/null", O_WRONLY, 0)
        defer { close(null) }
        let request = SpawnRequest(
            executable: executable,
            environment: environment,
            logPipe: pipe[1],
            dataLimit: dataLimit,
            arguments: ["--doctor", "--json"],
            // What it says there is for people, and nobody here has checked it for secrets.
            errorDescriptor: null
        )
        let pid: Int32
        do throws(SpawnError) {
            defer { close(pipe[1]) }
            pid = try ProcessSpawner.spawn(request)
        } catch {
            return Answer(end: .notStarted(error.description))
        }
        let deadline = MonotonicTime.now() + .seconds(seconds)
        var answer = Answer(end: .tooLate(seconds))
        let isComplete = Self.read(output.number, until: deadline, into: &answer)
        if isComplete, let status = Self.wait(pid, until: deadline) {
            answer.end = status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
            return answer
        }
        if answer.output.count > Self.limit { answer.end = .tooMuch }
        // Its whole group: what it may have started goes with it. It is not reaped yet, so the number is still its own.
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return answer
    }

    /// - Returns: Whether the output came to its end in time and within the limit.
    private static func read(_ descriptor: Int32, until deadline: MonotonicTime, into answer: inout Answer) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while answer.output.count <= limit {
            let left = (deadline - MonotonicTime.now()).milliseconds
            guard left > 0 else { return false }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Int32(clamping: left)) > 0 else { continue }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return true }
            answer.output += buffer[..<count]
        }
        return false
    }

    /// The end of a process that has closed its output is near.
    private static func wait(_ pid: Int32, until deadline: MonotonicTime) -> Int32? {
        var status: Int32 = 0
        while MonotonicTime.now() < deadline {
            if waitpid(pid, &status, WNOHANG) == pid { return status }
            usleep(2000)
        }
        return nil
    }
}

extension WorkerDoctor.Answer {
    /// The worker's results, and a line about the worker itself: pure.
    ///
    /// - Parameters:
    ///   - check: Of the worker itself.
    ///   - group: Whose results it may give.
    func lines(_ check: DoctorCheck, group: String) -> [DoctorLine] {
        var lines: [DoctorLine] = []
        var isComplete = false
        var garbage: Int?
        for (index, text) in output.split(separator: UInt8(ascii: "\n")).enumerated() {
            let json = try? JSONReader.parse(Array(text))
            if let json, let line = DoctorLine(json), [group, "settings"].contains(line.check.group), !isComplete {
                // All settings have been judged before.
                if line.check.group == group { lines.append(line) }
            } else if json == DoctorOutput.end {
                isComplete = true
            } else {
                garbage = garbage ?? index + 1
            }
        }
        let own: DoctorLine =
            switch end {
            case .notStarted(let reason): .wrong(check, OwnSentence("it cannot be started: \(reason)"))
            case .tooLate(let seconds): .wrong(check, "it was not done after \(seconds) s and was killed", check.remedy)
            case .tooMuch: .wrong(check, "it said more than results can be and was killed", check.remedy)
            case .signal(let number):
                .wrong(
                    check,
                    "it died of \(clinux_signal_name(number).map { "SIG" + String(cString: $0) } ?? "signal \(number)")"
                )
            case .code where garbage != nil:
                .wrong(check, "line \(garbage ?? 0) of what it said is no result", check.remedy)
            case .code(let code) where !isComplete:
                .wrong(check, "it left with code \(code) before its end", check.remedy)
            case .code: .good(check, "ran to its end")
            }
        return [own] + lines
    }
}
