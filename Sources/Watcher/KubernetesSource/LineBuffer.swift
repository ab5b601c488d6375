/// Puts the pieces of a stream together into lines.
struct LineBuffer {
    /// Bytes of one line. A ConfigMap of 1 MiB of control characters makes a line of 2.4 MB, and the server takes no
    /// request above 3 MiB (Tests/Fixtures/kubernetes).
    static let limit = 5 << 20

    private var bytes: [UInt8] = []
    /// What lies before was given out.
    private var start = 0
    /// Up to here there is no line's end.
    private var searched = 0
    /// The line that is being received is longer than the limit.
    private(set) var isTooLong = false

    /// Bytes of memory that it holds.
    var capacity: Int { bytes.capacity }

    mutating func append(_ part: UnsafeRawBufferPointer) {
        // Once for each piece, not for each line: many short lines may come in one.
        bytes.removeSubrange(..<start)
        searched -= start
        start = 0
        bytes.append(contentsOf: part)
    }

    /// The next complete line without its end, LF or CR LF; empty lines are passed over.
    mutating func next() -> [UInt8]? {
        while true {
            guard let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
                // All given out: a megabyte must not stay for as long as nothing happens.
                if start == bytes.count { (bytes, start) = ([], 0) }
                searched = bytes.count
                isTooLong = bytes.count - start > Self.limit
                return nil
            }
            var line = bytes[start..<end]
            start = end + 1
            searched = start
            if line.count > Self.limit {
                isTooLong = true
                return nil
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if !line.isEmpty { return Array(line) }
        }
    }
}
