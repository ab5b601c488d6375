internal import CLinux
internal import Glibc

/// An open file descriptor that is closed when its owner goes away.
///
/// Everything opened here is close-on-exec: a child inherits only what its spawn lists.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by. Valid as long as this value lives.
    package let number: Int32

    /// Takes ownership of `number`.
    package init(owning number: Int32) {
        self.number = number
    }

    /// The corresponding C function is `open`, with `O_CLOEXEC` always set.
    package init(opening path: String, flags: Int32, mode: UInt32 = 0o600) throws(SystemError) {
        number = try checked("open", path, clinux_open(path, flags, mode))
    }

    deinit { _ = close(number) }

    /// Gives the descriptor up: the caller closes it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}

/// Reads at most `limit` bytes from `descriptor` from its current offset to the end of the file.
///
/// - Returns: The bytes, or `nil` if there are more than `limit`.
package func readAll(
    _ descriptor: borrowing FileDescriptor,
    limit: Int,
    subject: String
) throws(SystemError) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let number = descriptor.number
        let count = try retryingInterrupts("read", subject) { read(number, &buffer, buffer.count) }
        if count == 0 { return bytes }
        if bytes.count + count > limit { return nil }
        bytes.append(contentsOf: buffer[0..<count])
    }
}

/// Writes all of `bytes` to a blocking descriptor.
package func writeAll(
    _ descriptor: Int32,
    _ bytes: some ContiguousBytesView,
    subject: String
) throws(SystemError) {
    var failure: SystemError?
    bytes.withBytes { buffer in
        var offset = 0
        while offset < buffer.count {
            let count = write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
            if count >= 0 {
                offset += count
            } else if errno != EINTR {
                failure = SystemError(call: "write", number: errno, subject: subject)
                return
            }
        }
    }
    if let failure { throw failure }
}

/// Anything whose bytes lie in one piece: arrays, slices and strings.
package protocol ContiguousBytesView {
    /// Calls `body` with the bytes.
    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void)
}

extension [UInt8]: ContiguousBytesView {
    package func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { withUnsafeBytes(body) }
}

extension ArraySlice<UInt8>: ContiguousBytesView {
    package func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { withUnsafeBytes(body) }
}

extension String: ContiguousBytesView {
    package func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        var copy = self
        copy.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}
