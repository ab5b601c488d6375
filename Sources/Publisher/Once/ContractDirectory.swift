import Glibc
import Shared

/// Reads a directory of contracts for the one-shot: its regular files, not those of its subdirectories.
enum ContractDirectory {
    /// The largest file, the most bytes in all and the most files, as in the watcher.
    static let fileLimit = 16 * 1024 * 1024
    static let totalLimit = 64 * 1024 * 1024
    static let countLimit = 5000

    /// Why the directory cannot be used as a whole.
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

    /// All files, and the ones that cannot be read.
    static func read(_ path: String) throws(Problem) -> (
        files: [(key: String, bytes: [UInt8])], bad: [SourceState.InvalidKey]
    ) {
        var files: [(key: String, bytes: [UInt8])] = []
        var bad: [SourceState.InvalidKey] = []
        var total = 0
        for name in try names(path) where ContractGrouping.reasonToIgnore(name) == nil {
            do throws(SystemError) {
                let file = try FileDescriptor(opening: "\(path)/\(name)", flags: O_RDONLY | O_NONBLOCK)
                var status = stat()
                guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
                guard let bytes = try readAll(file, limit: fileLimit, subject: name) else {
                    bad.append(.init(key: name, reason: "larger than \(fileLimit) bytes"))
                    continue
                }
                total += bytes.count
                files.append((name, bytes))
            } catch {
                bad.append(.init(key: name, reason: "\(error)"))
            }
            guard total <= totalLimit, files.count <= countLimit else {
                throw .tooMuch("more than \(totalLimit) bytes or \(countLimit) files in \(path); split the directory")
            }
        }
        return (files, bad)
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
