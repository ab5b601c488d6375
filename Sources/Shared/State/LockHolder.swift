internal import Glibc

/// Who holds a lock, as it wrote itself into the lock's record: the kernel does not tell an OFD lock's holder.
package struct LockHolder: Equatable, Sendable, CustomStringConvertible {
    package var pid: Int32
    package var host: String
    /// RFC 3339, UTC: when the holder took the lock, at its start.
    package var started: String
    /// `MANAGER_RUN_ID` of the holder; empty when it runs alone.
    package var run: String

    package init(pid: Int32, host: String, started: String, run: String) {
        self.pid = pid
        self.host = host
        self.started = started
        self.run = run
    }

    /// This process, now.
    package static func current(run: String) -> LockHolder {
        LockHolder(pid: getpid(), host: BootIdentity.hostName(), started: WallClock.now().rfc3339, run: run)
    }

    package var description: String {
        "pid \(pid) on host \(host), started \(started)" + (run.isEmpty ? "" : ", run \(run)")
    }

    /// The record's 128 bytes: words and spaces, a newline at the end. Long names are cut.
    var record: [UInt8] {
        let seconds = started.count > 20 ? String(started.prefix(19)) + "Z" : started
        var text = "pid=\(pid) started=\(Self.word(seconds, 20)) host=\(Self.word(host, 40))"
        if !run.isEmpty { text += " run=\(Self.word(run, 36))" }
        text += String(repeating: " ", count: max(0, LockName.recordSize - 1 - text.utf8.count))
        return Array(text.utf8.prefix(LockName.recordSize - 1)) + [0x0a]
    }

    /// Reads a record and trusts none of it.
    ///
    /// - Returns: `nil` if there is no holder's text in it.
    init?(record: [UInt8]) {
        var values: [Substring: String] = [:]
        for part in String(decoding: record.prefix(LockName.recordSize), as: UTF8.self).split(separator: " ") {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { values[pair[0]] = Self.word(String(pair[1]), 64) }
        }
        guard let number = values["pid"], let pid = Int32(number), pid > 0 else { return nil }
        self.pid = pid
        host = values["host"] ?? "unknown"
        started = values["started"] ?? "at an unknown time"
        run = values["run"] ?? ""
    }

    /// `text` as one word of at most `limit` printable ASCII characters.
    private static func word(_ text: String, _ limit: Int) -> String {
        String(decoding: text.utf8.filter { (0x21...0x7e).contains($0) }.prefix(limit), as: UTF8.self)
    }
}
