import Shared

/// Collects what one attempt at a directory finds.
struct DirectoryCollection {
    private let limits: DirectoryLimits
    /// Bytes that may still be read.
    private(set) var budget: Int
    private(set) var files: [DirectorySignature.File] = []
    /// A file was written while it was read.
    private(set) var isUnsettled = false
    private var result = SourceContent()

    init(limits: DirectoryLimits) {
        self.limits = limits
        budget = limits.totalBytes
    }

    /// What a file means for the attempt.
    enum Verdict {
        case taken
        /// The directory changed: begin anew.
        case gone
        /// Nothing can be read at the moment.
        case trouble(SystemError)
    }

    mutating func add(_ name: [UInt8], _ reading: FileReading) -> Verdict {
        switch reading {
        case .bytes(let bytes, let stamp):
            note(name, stamp)
            guard String(validating: name, as: UTF8.self) != nil else {
                entry(name, .unusable(reason: "the name is not UTF-8; rename the file"))
                return .taken
            }
            budget -= bytes.count
            entry(name, .bytes(bytes))
        case .unusable(let reason, let stamp):
            note(name, stamp)
            entry(name, .unusable(reason: reason))
        case .ignored(let reason, let stamp):
            note(name, stamp)
            ignore(name, reason)
        case .changing(let stamp):
            note(name, stamp)
            isUnsettled = true
            entry(name, .unusable(reason: "is written to all the time; it is read again when that ends"))
        case .gone: return .gone
        case .trouble(let error): return .trouble(error)
        }
        return .taken
    }

    /// Lists a file beyond the limit on their number.
    mutating func skip(_ name: [UInt8]) {
        let reason = "beyond the first \(limits.files) files in name order, which is the most that are read; not read"
        entry(name, .unusable(reason: reason))
    }

    /// Lists the names that are passed over without being read.
    ///
    /// - Parameter directory: Where they are: a subdirectory's name is not what is wrong with it.
    mutating func ignore(_ names: DirectoryNames, in directory: Int32) {
        for name in names.others {
            let isKubernetes = name.starts(with: "..".utf8)
            let stamp = isKubernetes ? nil : try? FileStamp.of(cString(name), in: directory).get()
            let reason = stamp?.isDirectory == true ? "a directory, and subdirectories are not read" : nil
            ignore(name, reason ?? DirectoryNames.reasonToIgnore(name) ?? "")
        }
        result.ignoredCount += names.otherCount - names.others.count
    }

    /// - Parameter unlisted: Further names that hold contracts but are beyond every limit.
    func content(unlisted: Int) -> SourceContent {
        var content = result
        content.unlistedCount = unlisted
        content.ignored.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        content.ignored = Array(content.ignored.prefix(StateLimits.ignoredKeys))
        return content
    }

    private mutating func note(_ name: [UInt8], _ stamp: FileStamp?) {
        files.append(DirectorySignature.File(name: name, stamp: stamp))
    }

    private mutating func entry(_ name: [UInt8], _ content: SourceEntry.Content) {
        result.entries.append(SourceEntry(key: String(decoding: name, as: UTF8.self), content: content))
    }

    private mutating func ignore(_ name: [UInt8], _ reason: String) {
        result.ignoredCount += 1
        // The list is cut to the smallest names in the end; here only its growth is bounded.
        guard result.ignored.count < limits.files + StateLimits.ignoredKeys else { return }
        result.ignored.append(SourceState.IgnoredKey(key: String(decoding: name, as: UTF8.self), reason: reason))
    }
}
