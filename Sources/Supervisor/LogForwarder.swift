internal import CLinux
internal import Glibc
import Logging
import Shared

/// The manager's own lines and those of its workers, on their way to standard output.
struct LogForwarder {
    /// One worker's pipe. We hold both ends for the life of the manager, so that no restart loses a line.
    private struct Pipe {
        var readEnd: Int32
        var writeEnd: Int32
        var assembler = LineAssembler()
    }

    private let settings: Settings
    private var pipes: [WorkerName: Pipe] = [:]
    private(set) var output: OutputQueue

    /// Bytes read from one pipe before the others get their turn.
    private static let readSize = 64 * 1024

    init(settings: Settings, output: Int32 = STDOUT_FILENO) throws(SystemError) {
        self.settings = settings
        self.output = OutputQueue(descriptor: output)
        for worker in WorkerName.allCases {
            var ends: [Int32] = [-1, -1]
            try checked("pipe2", worker.rawValue, clinux_pipe(&ends, true))
            pipes[worker] = Pipe(readEnd: ends[0], writeEnd: ends[1])
        }
    }

    func readEnd(_ worker: WorkerName) -> Int32 { pipes[worker]?.readEnd ?? -1 }
    func writeEnd(_ worker: WorkerName) -> Int32 { pipes[worker]?.writeEnd ?? -1 }

    /// Dropped lines by worker; the manager's own are not among them.
    var droppedLogLines: [WorkerName: Int] {
        var result: [WorkerName: Int] = [:]
        for (worker, count) in output.dropped {
            if let worker { result[worker] = count }
        }
        return result
    }

    /// Queues a line of the manager's own.
    mutating func log(_ level: Logger.Level, _ message: String, _ fields: [(String, String)] = []) {
        guard level >= settings.logLevel else { return }
        let line = LogLine(time: .now(), level: level, worker: "manager", message: message, fields: fields)
        output.append(line.encoded(settings.logFormat), from: nil, now: .now())
    }

    /// Reads what a worker wrote.
    ///
    /// - Returns: `true` if there may be more at once.
    @discardableResult
    mutating func read(_ worker: WorkerName) -> Bool {
        guard var pipe = pipes[worker] else { return false }
        var buffer = [UInt8](repeating: 0, count: Self.readSize)
        let count = Glibc.read(pipe.readEnd, &buffer, buffer.count)
        guard count > 0 else { return false }
        let now = WallClock.now()
        let time = MonotonicTime.now()
        pipe.assembler.append(buffer[0..<count]) { line in
            let line = WorkerOutput.line(line, worker: worker, format: settings.logFormat, now: now)
            output.append(line, from: worker, now: time)
        }
        pipes[worker] = pipe
        return count == Self.readSize
    }

    /// After a worker's death: everything it still wrote, its last line even if it is only half of one.
    ///
    /// Bounded, because a grandchild may go on writing.
    mutating func drain(_ worker: WorkerName) {
        var rounds = 0
        while read(worker), rounds < 32 { rounds += 1 }
        guard var pipe = pipes[worker] else { return }
        let now = WallClock.now()
        let time = MonotonicTime.now()
        pipe.assembler.flush { line in
            let line = WorkerOutput.line(line, worker: worker, format: settings.logFormat, now: now)
            output.append(line, from: worker, now: time)
        }
        pipes[worker] = pipe
    }

    mutating func flush() { output.flush(now: .now()) }
}
