import Glibc
import Shared

/// Reads the contracts of a one-shot: files, and the regular files of directories, not those of their subdirectories.
struct ContractFiles {
    /// The largest file, the most bytes in all and the most files, as in the watcher.
    static let fileLimit = 16 * 1024 * 1024
    static let totalLimit = 64 * 1024 * 1024
    static let countLimit = 5000

    /// What was read, under the names that messages use.
    private(set) var files: [(key: String, bytes: [UInt8])] = []
    /// What cannot be used.
    private(set) var bad: [SourceState.InvalidKey] = []
    private var total = 0

    /// Why the paths cannot be used as a whole.
    enum Problem: Error, CustomStringConvertible {
        case unreadable(SystemError)
        case tooMuch(String)

        var description: String {
            switch self {
            case .unreadable(let error): "the contracts cannot be read (\(error)); check --contracts"
            case .tooMuch(let text): text
            }
        }
    }

    /// Reads all paths. With one directory its files go by their names, otherwise everything goes by its path as given.
    init(_ paths: [String]) throws(Problem) {
        for path in paths {
            var status = stat()
            guard stat(path, &status) == 0 else {
                throw .unreadable(SystemError(call: "stat", number: errno, subject: path))
            }
            guard status.st_mode & S_IFMT == S_IFDIR else {
                try readNamed(path)
                continue
            }
            for name in try Self.names(path) where ContractGrouping.reasonToIgnore(name) == nil {
                try read("\(path)/\(name)", as: paths.count == 1 ? name : "\(path)/\(name)")
            }
        }
    }

    /// A file that somebody named is never passed over in silence.
    private mutating func readNamed(_ path: String) throws(Problem) {
        if let reason = ContractGrouping.reasonToIgnore(path) {
            bad.append(.init(key: path, reason: reason))
        } else {
            try read(path, as: path)
        }
    }

    private mutating func read(_ path: String, as key: String) throws(Problem) {
        do throws(SystemError) {
            // Not blocking: opening a FIFO would wait for its writer.
            let file = try FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
            var status = stat()
            guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
            guard let bytes = try readAll(file, limit: Self.fileLimit, subject: key) else {
                bad.append(
                    .init(key: key, reason: ContractGrouping.tooLarge(Int64(status.st_size), limit: Self.fileLimit))
                )
                return
            }
            total += bytes.count
            files.append((key, bytes))
        } catch {
            bad.append(.init(key: key, reason: "\(error)"))
        }
        guard total <= Self.totalLimit, files.count <= Self.countLimit else {
            throw .tooMuch("more than \(mebibytes(Self.totalLimit)) or \(Self.countLimit) files; give fewer at a time")
        }
    }

    private static func names(_ path: String) throws(Problem) -> [String] {
        guard let stream = opendir(path) else {
            throw .unreadable(SystemError(call: "opendir", number: errno, subject: path))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
