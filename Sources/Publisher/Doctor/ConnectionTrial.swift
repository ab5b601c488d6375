import CLinux
import Glibc
import Shared

/// Connects to several addresses at the same time, says nothing and hangs up.
enum ConnectionTrial {
    /// - Returns: For each address why not; `nil`: somebody listens.
    static func failures(_ addresses: [NameLookup.Address], within limit: Duration) -> [String?] {
        var failures: [String?] = addresses.map { _ in nil }
        var entries: [pollfd] = []
        for (index, address) in addresses.enumerated() {
            let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue) | nonBlocking, 0)
            entries.append(pollfd(fd: -1, events: Int16(POLLOUT), revents: 0))
            guard descriptor >= 0 else {
                failures[index] = String(cString: strerror(errno))
                continue
            }
            let result = address.bytes.withUnsafeBytes { bytes in
                bytes.baseAddress.map {
                    connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
                } ?? -1
            }
            if result != 0, errno != EINPROGRESS {
                failures[index] = String(cString: strerror(errno))
                close(descriptor)
            } else {
                entries[index].fd = descriptor
            }
        }
        let deadline = MonotonicTime.now() + limit
        while entries.contains(where: { $0.fd >= 0 }) {
            let left = (deadline - MonotonicTime.now()).milliseconds
            let count = left > 0 ? poll(&entries, nfds_t(entries.count), Int32(clamping: left)) : 0
            if count < 0, errno == EINTR { continue }
            for index in entries.indices where entries[index].fd >= 0 && (entries[index].revents != 0 || count <= 0) {
                failures[index] = count <= 0 ? "does not answer" : failure(of: entries[index].fd)
                close(entries[index].fd)
                entries[index].fd = -1
            }
        }
        return failures
    }

    /// SOCK_NONBLOCK | SOCK_CLOEXEC.
    private static let nonBlocking = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

    private static func failure(of descriptor: Int32) -> String? {
        var number: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) == 0 else { return "cannot be looked at" }
        return number == 0 ? nil : String(cString: strerror(number))
    }
}
