internal import Glibc
import Shared

/// Lines on their way to standard output, which may be slow, full or gone.
///
/// The descriptor is polled before each write and never made non-blocking: O_NONBLOCK would change it for every process
/// that shares it. At most 4 KiB are written at a time (PIPE_BUF: what POLLOUT promises), so that a blocked log driver
/// costs counted lines, never a probe.
struct OutputQueue {
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private var offset = 0
    /// Dropped lines by worker; `nil` is the manager itself.
    private(set) var dropped: [WorkerName?: Int] = [:]
    /// Set when a write has failed (nobody reads the pipe, the disk is full): until then everything is dropped.
    private var brokenUntil: MonotonicTime?

    /// The last byte that was written is inside a line.
    private var isInsideLine = false
    /// The first byte that waits ends a torn line, of which the rest was dropped.
    private var endsTornLine = false

    /// Bytes that may wait.
    static let capacity = 1 << 20
    /// From a failed write to the next attempt.
    static let pause = Duration.seconds(5)
    /// PIPE_BUF on Linux.
    private static let pieceSize = 4096

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    var isEmpty: Bool { offset == bytes.count }

    /// Queues a whole line, or counts it as dropped.
    mutating func append(_ line: [UInt8], from worker: WorkerName?, now: MonotonicTime) {
        if let until = brokenUntil, now >= until { brokenUntil = nil }
        guard brokenUntil == nil, bytes.count - offset + line.count <= Self.capacity else {
            dropped[worker, default: 0] += 1
            return
        }
        if isEmpty, isInsideLine {
            endsTornLine = true
            bytes.append(0x0a)
        }
        bytes += line
    }

    /// Writes as long as the descriptor takes something.
    mutating func flush(now: MonotonicTime) {
        while !isEmpty, isWritable() {
            let count = bytes.withUnsafeBytes { buffer in
                write(
                    descriptor,
                    buffer.baseAddress.map { $0 + offset },
                    min(Self.pieceSize, bytes.count - offset)
                )
            }
            if count >= 0 {
                offset += count
                if count > 0 {
                    isInsideLine = bytes[offset - 1] != 0x0a
                    endsTornLine = false
                }
            } else if errno == EAGAIN {
                // Somebody else made it non-blocking: wait for POLLOUT.
                break
            } else if errno != EINTR {
                drop(until: now + Self.pause)
            }
        }
        if isEmpty {
            bytes.removeAll(keepingCapacity: bytes.count <= 64 * 1024)
            offset = 0
        } else if offset > Self.capacity / 2 {
            bytes.removeFirst(offset)
            offset = 0
        }
    }

    /// Gives up what waits; whose lines they were is not known any more.
    private mutating func drop(until time: MonotonicTime) {
        // A torn line was counted when its rest was dropped.
        dropped[nil, default: 0] += bytes[offset...].count { $0 == 0x0a } - (endsTornLine ? 1 : 0)
        endsTornLine = false
        offset = bytes.count
        brokenUntil = time
    }

    private func isWritable() -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0
    }
}
