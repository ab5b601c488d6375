internal import CLinux
internal import Glibc
internal import Shared
internal import Synchronization

/// What a child says, read all the time by a thread of its own: a program that finds its pipe full waits in its write(2)
/// until somebody reads, and does nothing else meanwhile. One thread takes it out at a time.
final class ChildOutput: Sendable {
    private struct State {
        /// Read, not yet handed out.
        var unread: [UInt8] = []
        /// The last writer has closed the pipe.
        var ended = false
    }
    private let state = Mutex(State())
    private let source: Int32
    /// An eventfd: readable when something came.
    private let news: Int32

    /// Takes over `source`, the read end of a pipe.
    init(owning source: Int32) throws {
        self.source = source
        news = try checked("eventfd", "", clinux_event_create())
        // It keeps this object, and with it the descriptors, until the end of the output.
        TestThread { [self] in collect() }.detach()
    }

    deinit {
        close(source)
        close(news)
    }

    /// What has been read and not taken yet.
    var unreadCount: Int { state.withLock { $0.unread.count } }

    enum Line {
        case line(String)
        case end
        case late
    }

    /// Takes the next line, without its line feed.
    func takeLine(until deadline: MonotonicTime) -> Line {
        while true {
            let line: Line? = state.withLock { state in
                if let end = state.unread.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { state.unread.removeSubrange(...end) }
                    return .line(String(decoding: state.unread[..<end], as: UTF8.self))
                }
                guard state.ended else { return nil }
                defer { state.unread = [] }
                return state.unread.isEmpty ? .end : .line(String(decoding: state.unread, as: UTF8.self))
            }
            if let line { return line }
            guard wait(until: deadline) else { return .late }
        }
    }

    /// Waits for the end and takes all that is left.
    ///
    /// - Returns: `nil`: it has not ended by then.
    func takeRest(until deadline: MonotonicTime) -> String? {
        while true {
            let rest: String? = state.withLock { state in
                guard state.ended else { return nil }
                defer { state.unread = [] }
                return String(decoding: state.unread, as: UTF8.self)
            }
            if let rest { return rest }
            guard wait(until: deadline) else { return nil }
        }
    }

    private func wait(until deadline: MonotonicTime) -> Bool {
        let left = (deadline - MonotonicTime.now()).milliseconds
        guard left > 0 else { return false }
        var entry = pollfd(fd: news, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, Int32(clamping: left)) > 0 {
            var count: UInt64 = 0
            _ = read(news, &count, MemoryLayout.size(ofValue: count))
        }
        return true
    }

    private func collect() {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            state.withLock { state in
                if count > 0 { state.unread += buffer[0..<count] }
                state.ended = count <= 0
            }
            var one: UInt64 = 1
            _ = write(news, &one, MemoryLayout.size(ofValue: one))
            if count <= 0 { return }
        }
    }
}
