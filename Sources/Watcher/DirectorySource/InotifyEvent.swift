import CLinux

/// One event of inotify(7).
struct InotifyEvent: Equatable, Sendable {
    /// Which watch; -1 for an overflow.
    var watch: Int32
    var mask: UInt32
    /// The entry of the watched directory; empty for the directory itself.
    var name: String

    func has(_ bits: Int32) -> Bool { mask & UInt32(bitPattern: bits) != 0 }

    /// Takes the events apart that one read(2) delivered.
    static func parse(_ bytes: ArraySlice<UInt8>) -> [InotifyEvent] {
        var events: [InotifyEvent] = []
        var rest = bytes
        // struct inotify_event: wd, mask, cookie, len, each four bytes, then the name, padded with NUL.
        while rest.count >= 16 {
            let words = rest.withUnsafeBytes { buffer in
                (
                    buffer.loadUnaligned(fromByteOffset: 0, as: Int32.self),
                    buffer.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                    Int(buffer.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
                )
            }
            guard rest.count >= 16 + words.2 else { break }
            let name = rest.dropFirst(16).prefix(words.2).prefix { $0 != 0 }
            events.append(
                InotifyEvent(watch: words.0, mask: words.1, name: String(decoding: name, as: UTF8.self))
            )
            rest = rest.dropFirst(16 + words.2)
        }
        return events
    }
}
