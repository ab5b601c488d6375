internal import CLinux
internal import Glibc
internal import Shared
internal import Synchronization

/// Reads a descriptor in a thread of its own, so that a talkative child never blocks, and lets tests wait for a line.
package final class LineCollector: Sendable {
    private struct State {
        var lines: [String] = []
        var ended = false
    }

    private let state = Mutex(State())
    private let source: Int32
    /// After a line with this text nothing more is read: a log driver that has stopped taking anything.
    private let stopsAfter: String?
    /// Becomes readable when something came.
    private let wakeEnd: Int32
    private let signalEnd: Int32

    /// Takes over `source`, the read end of a pipe.
    ///
    /// - Parameter stopsAfter: Nothing is read after a line that contains this.
    package init(owning source: Int32, stopsAfter: String? = nil) throws {
        self.source = source
        self.stopsAfter = stopsAfter
        var ends: [Int32] = [-1, -1]
        try checked("pipe2", "", clinux_pipe(&ends, false))
        wakeEnd = ends[0]
        signalEnd = ends[1]
        TestThread { [self] in collect() }.detach()
    }

    deinit {
        close(source)
        close(wakeEnd)
        close(signalEnd)
    }

    /// All lines so far.
    package var lines: [String] { state.withLock { $0.lines } }

    /// Waits for a line that contains `text`, one that has already come included.
    ///
    /// - Throws: ``TestSupportError/timedOut(waitingFor:received:)``, also when the output ended without it.
    @discardableResult
    package func waitForLine(containing text: String, within limit: Duration) throws -> String {
        let deadline = MonotonicTime.now() + limit
        while true {
            let (line, ended) = state.withLock { state in (state.lines.first { $0.contains(text) }, state.ended) }
            if let line { return line }
            guard !ended, wait(until: deadline) else {
                let seen = lines.suffix(40).joined(separator: "\n")
                throw TestSupportError.timedOut(waitingFor: "'\(text)' in:\n\(seen)", received: lines.count)
            }
        }
    }

    /// Waits until the last writer has closed the pipe.
    package func waitForEnd(within limit: Duration) throws {
        let deadline = MonotonicTime.now() + limit
        while !state.withLock(\.ended) {
            guard wait(until: deadline) else {
                let seen = lines.suffix(40).joined(separator: "\n")
                throw TestSupportError.timedOut(waitingFor: "the end of:\n\(seen)", received: lines.count)
            }
        }
    }

    private func wait(until deadline: MonotonicTime) -> Bool {
        let left = (deadline - MonotonicTime.now()).milliseconds
        guard left > 0 else { return false }
        var entry = pollfd(fd: wakeEnd, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, Int32(clamping: left)) > 0 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            _ = read(wakeEnd, &buffer, buffer.count)
        }
        return true
    }

    private func collect() {
        var partial: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count > 0 { partial += buffer[0..<count] }
            var lines: [String] = []
            while let newline = partial.firstIndex(of: 0x0A) {
                lines.append(String(decoding: partial[..<newline], as: UTF8.self))
                partial.removeSubrange(...newline)
            }
            if count <= 0, !partial.isEmpty { lines.append(String(decoding: partial, as: UTF8.self)) }
            state.withLock { state in
                state.lines += lines
                state.ended = count <= 0
            }
            var byte: UInt8 = 1
            _ = write(signalEnd, &byte, 1)
            if count <= 0 { return }
            if let stopsAfter, lines.contains(where: { $0.contains(stopsAfter) }) { return }
        }
    }
}
