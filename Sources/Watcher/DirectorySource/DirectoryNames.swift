import CLinux
import Glibc
import Shared

/// The names in a directory, sorted into those that should hold contracts and those passed over.
struct DirectoryNames {
    /// Names that end in `.json`, ordered by bytes; those beyond the limits are missing, see ``contractCount``.
    var contracts: [[UInt8]]
    var contractCount: Int
    /// Other names, ordered by bytes, at most ``StateLimits/ignoredKeys``.
    var others: [[UInt8]]
    var otherCount: Int
    /// A directory named like one of the kubelet's generations is among them.
    var hasGeneration: Bool

    /// Lists an open directory; its own offset is not touched.
    init(of directory: borrowing FileDescriptor, limits: DirectoryLimits) throws(SystemError) {
        let copy = try checked("openat", "", clinux_openat(directory.number, ".", O_RDONLY | O_DIRECTORY, 0))
        guard let stream = fdopendir(copy) else {
            let number = errno
            close(copy)
            throw SystemError(call: "fdopendir", number: number)
        }
        defer { closedir(stream) }
        var contracts = BoundedNames(limit: limits.files + limits.excessNames)
        var others = BoundedNames(limit: StateLimits.ignoredKeys)
        var hasGeneration = false
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let number = errno
                // A directory that was removed while it is open answers ENOENT.
                guard number == 0 else { throw SystemError(call: "readdir", number: number) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    [UInt8](UnsafeBufferPointer(start: $0, count: strnlen(UnsafeRawPointer($0), 255)))
                }
            }
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            if MountTable.isGeneration(name) { hasGeneration = true }
            if Self.reasonToIgnore(name) == nil { contracts.insert(name) } else { others.insert(name) }
        }
        self.contracts = contracts.sorted()
        contractCount = contracts.count
        self.others = others.sorted()
        otherCount = others.count
        self.hasGeneration = hasGeneration
    }

    /// Why a name is passed over before anything is read; `nil` for one that should hold a contract.
    static func reasonToIgnore(_ name: [UInt8]) -> String? {
        // An editor's lock file is a dangling link; # cannot stand in a ConfigMap's key.
        if name.starts(with: ".#".utf8) { return "an editor's lock file" }
        return ContractGrouping.reasonToIgnore(String(decoding: name, as: UTF8.self))
    }
}

private func strnlen(_ pointer: UnsafeRawPointer, _ limit: Int) -> Int {
    memchr(pointer, 0, limit + 1).map { pointer.distance(to: UnsafeRawPointer($0)) } ?? limit
}
