internal import Glibc

/// What tells one boot of the machine and one host from another, so that process ids and monotonic times of a former
/// boot are never compared with today's.
package enum BootIdentity {
    /// `/proc/sys/kernel/random/boot_id`, or `unknown` where it cannot be read.
    package static func bootID() -> String {
        guard let descriptor = try? FileDescriptor(opening: "/proc/sys/kernel/random/boot_id", flags: O_RDONLY),
            let bytes = try? readAll(descriptor, limit: 256, subject: "boot_id")
        else { return "unknown" }
        return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    }

    /// The host name, which is the pod's name in Kubernetes.
    package static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
