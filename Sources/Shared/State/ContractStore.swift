internal import CLinux
package import Glibc

/// Contract bytes by their content: `contracts/<sha256>.json` in the state directory. The watcher writes, the publisher
/// reads; a file's content never changes, so neither needs a lock.
package struct ContractStore: Sendable {
    private let directory: StateDirectory

    package init(directory: StateDirectory) {
        self.directory = directory
    }

    /// Stores a contract under its hash: first aside, then renamed, so that a reader never sees a half.
    ///
    /// A file of that name and size is taken to be it already; another size is written again. Only the watcher, which
    /// holds the lock of `source`, may call this.
    ///
    /// - Parameters:
    ///   - sha256: The SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
    ///   - comparing: A file of the right size is compared byte for byte: nothing here is synced to the disk, so a node
    ///     that crashed may have left a file of zeros. Once per process is enough.
    /// - Throws: `contract` for a name that is no hash; `notWritable`, `full` or `system` as the disk has it.
    package func store(_ bytes: [UInt8], sha256: String, comparing: Bool = false) throws(StateError) {
        let path = try path(sha256)
        if holds(sha256, count: bytes.count) {
            // Unreadable is as good as wrong: it is replaced.
            guard comparing, (try? load(sha256, limit: bytes.count)) != bytes else { return }
        }
        do throws(SystemError) {
            try write(bytes, to: path)
        } catch {
            guard error.meansMissing else { throw .writing(path, error) }
            try makeDirectory()
            do throws(SystemError) { try write(bytes, to: path) } catch { throw .writing(path, error) }
        }
    }

    /// A file of that name and size is there.
    package func holds(_ sha256: String, count: Int) -> Bool {
        guard let path = try? path(sha256), let status = FileIdentity.status(of: path) else { return false }
        return status.isRegularFile && Int(status.st_size) == count
    }

    /// What lstat(2) says about a contract's file; `nil` if it is gone or cannot be looked at.
    package func status(of sha256: String) -> stat? {
        guard let path = try? path(sha256) else { return nil }
        return FileIdentity.status(of: path)
    }

    /// Loads a contract.
    ///
    /// - Parameters:
    ///   - limit: The most bytes to accept.
    ///   - hash: Gives the hexadecimal SHA-256 of bytes; if given, the content is checked against its name.
    /// - Returns: `nil` if the contract is no longer there: superseded, read `source` again.
    /// - Throws: `contract` if it is too large, no regular file or has another hash; `system` if it cannot be read.
    package func load(
        _ sha256: String,
        limit: Int,
        hash: (([UInt8]) -> String)? = nil
    ) throws(StateError) -> [UInt8]? {
        let path = try path(sha256)
        let bytes: [UInt8]?
        do throws(SystemError) {
            let file = try FileDescriptor(opening: path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            guard try FileIdentity.status(of: file, subject: path).isRegularFile else {
                throw SystemError(call: "open", number: EISDIR, subject: path)
            }
            bytes = try readAll(file, limit: limit, subject: path)
        } catch {
            if error.meansMissing { return nil }
            throw .system(error)
        }
        guard let bytes else { throw .contract(path: path, reason: "has more than \(limit) bytes") }
        guard let hash else { return bytes }
        let actual = hash(bytes)
        guard actual == sha256 else { throw .contract(path: path, reason: "its content has the SHA-256 \(actual)") }
        return bytes
    }

    /// Deletes every contract that is not in `kept`, and what a killed watcher left half written.
    ///
    /// The watcher keeps those of its current and its previous desired set, so that the publisher finds what it has
    /// just read about.
    package func removeAll(except kept: Set<String>) {
        for name in DirectoryListing.names(in: directory.contractsPath) {
            let stem = name.hasSuffix(Self.suffix) ? String(name.dropLast(Self.suffix.count)) : nil
            if let stem, kept.contains(stem) { continue }
            if stem.map(Self.isHash) == true || name.hasPrefix(Self.temporaryPrefix) {
                unlink(directory.contractsPath + "/" + name)
            }
        }
    }

    private static let suffix = ".json"
    private static let temporaryPrefix = ".new-"

    /// Nothing but a hash may become part of a path: names come from a file that others could have written.
    private static func isHash(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private func path(_ sha256: String) throws(StateError) -> String {
        guard Self.isHash(sha256) else {
            throw .contract(
                path: directory.contractsPath,
                reason: "\"\(StateLimits.cut(sha256, to: 100))\" is no SHA-256"
            )
        }
        return directory.contractsPath + "/" + sha256 + Self.suffix
    }

    private func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let temporary = directory.contractsPath + "/" + Self.temporaryPrefix + String(getpid())
        do throws(SystemError) {
            let file = try FileDescriptor(
                opening: temporary,
                flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
                mode: 0o600
            )
            try writeAll(file.number, bytes, subject: temporary)
            try retryingInterrupts("rename", path) { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func makeDirectory() throws(StateError) {
        if FileIdentity.status(of: directory.path) == nil { try directory.recreate() }
        guard mkdir(directory.contractsPath, 0o700) == 0 || errno == EEXIST else {
            let cause = SystemError(call: "mkdir", number: errno, subject: directory.contractsPath)
            throw .writing(directory.contractsPath, cause)
        }
    }
}
