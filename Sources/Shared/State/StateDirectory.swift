internal import CLinux
internal import Glibc

/// The directory that holds `state.json`, `lock` and `contracts/`, checked: it belongs to this user, only this user can
/// write there, and it is no symlink that somebody else could turn elsewhere.
package struct StateDirectory: Equatable, Sendable {
    /// The absolute path, with the `<uid>` step where there is one.
    package let path: String

    /// Used when `STATE_DIR` is not set.
    package static let defaultPath = "/tmp/pact-mocks-manager"
    /// Used when `STATE_DIR` is not set and `/tmp` is not writable.
    package static let fallbackPath = "/dev/shm/pact-mocks-manager"
    /// What our systemd unit and our image set `STATE_DIR` to. Only root makes directories there.
    package static let deployedPaths = ["/run/pact-mocks-manager", "/state"]

    package var contractsPath: String { path + "/contracts" }
    var statePath: String { path + "/state.json" }
    var lockPath: String { path + "/lock" }

    /// Finds or creates the directory.
    ///
    /// A directory of root's, or one that group or others may write to (a Kubernetes emptyDir is root:root 0777), is
    /// only the parent: the state goes to `<uid>` in it, 0700.
    ///
    /// - Parameter setting: The value of `STATE_DIR`, or `nil` if it is not set.
    /// - Throws: `notAbsolute`, `directoryRefused` (with what is wrong), `notWritable`, `full` or `system`.
    package static func prepare(setting: String?) throws(StateError) -> StateDirectory {
        try prepare(setting: setting, defaultPath: defaultPath, fallbackPath: fallbackPath)
    }

    static func prepare(
        setting: String?,
        defaultPath: String,
        fallbackPath: String
    ) throws(StateError) -> StateDirectory {
        if let setting, !setting.isEmpty { return StateDirectory(unchecked: try claim(setting)) }
        do throws(StateError) {
            return StateDirectory(unchecked: try claim(defaultPath))
        } catch {
            guard error.allowsAnotherPlace else { throw error }
            guard let path = try? claim(fallbackPath) else { throw error }
            return StateDirectory(unchecked: path)
        }
    }

    /// The directory that ``prepare(setting:)`` failed to prepare, for a process that goes on without state: its writers
    /// declare the state unwritable and create the directory as soon as that is possible.
    package static func unprepared(setting: String?) -> StateDirectory {
        let path = setting.flatMap { $0.isEmpty ? nil : trimmed($0) } ?? defaultPath
        guard let descriptor = try? open(path), case .useSubdirectory? = try? verdict(descriptor, path) else {
            return StateDirectory(unchecked: path)
        }
        return StateDirectory(unchecked: subdirectory(of: path))
    }

    /// The directory for a writer: the one that its manager resolved, or for a process that runs alone the one of its
    /// own setting. One that cannot be written now is declared and tried again.
    ///
    /// - Parameter resolved: `MANAGER_STATE_DIR`, `nil` without a manager.
    /// - Throws: `notAbsolute` and `directoryRefused`: it must not be used.
    package static func forWriter(resolved: String?, setting: String?) throws(StateError) -> StateDirectory {
        do throws(StateError) {
            if let resolved, !resolved.isEmpty { return try StateDirectory(resolved: resolved) }
            return try prepare(setting: setting)
        } catch {
            switch error {
            case .notAbsolute, .directoryRefused: throw error
            default:
                // Its writers meet the same failure and say so.
                if let resolved, !resolved.isEmpty { return StateDirectory(unchecked: trimmed(resolved)) }
                return unprepared(setting: setting)
            }
        }
    }

    /// The directory that the manager resolved and handed to its worker (`MANAGER_STATE_DIR`): no further `<uid>` step.
    ///
    /// - Throws: As ``prepare(setting:)``; a directory of another user or a writable one is refused.
    package init(resolved path: String) throws(StateError) {
        self.init(unchecked: try Self.trimmedAbsolute(path))
        do throws(StateError) { try verify() } catch { throw explained(error) }
    }

    init(unchecked path: String) { self.path = path }

    /// Makes the directory again after somebody removed it, and checks it as if it were new.
    func recreate() throws(StateError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw .writing(path, SystemError(call: "mkdir", number: errno, subject: path))
        }
        try verify()
    }

    private func verify() throws(StateError) {
        let descriptor = try Self.open(path)
        let status = try Self.status(of: descriptor, path)
        switch Verdict(owner: status.st_uid, mode: status.st_mode, user: geteuid()) {
        case .use: return
        case .useSubdirectory:
            let mode = String(status.st_mode & 0o7777, radix: 8)
            let reason = status.st_uid == geteuid() ? "others may write to it (mode \(mode))" : "it is root's"
            throw .directoryRefused(path: path, reason: reason)
        case .refuse(let reason): throw .directoryRefused(path: path, reason: reason)
        }
    }
}

extension StateDirectory {
    /// What a directory's owner and mode allow.
    enum Verdict: Equatable {
        case use
        case useSubdirectory
        case refuse(reason: String)

        /// Decides by the owner, the permission bits and our effective user.
        init(owner: UInt32, mode: UInt32, user: UInt32) {
            if owner != user, owner != 0 {
                self = .refuse(reason: "it belongs to uid \(owner), neither to root nor to us (uid \(user))")
            } else if owner != user || mode & 0o022 != 0 {
                self = .useSubdirectory
            } else {
                self = .use
            }
        }
    }

    /// Creates a directory if needed, checks it and goes one step down where others can write.
    private static func claim(_ setting: String) throws(StateError) -> String {
        let path = try trimmedAbsolute(setting)
        try refuseKernelsOwn(path)
        do throws(StateError) { return try claim(path: path) } catch {
            throw unprepared(setting: path).explained(error)
        }
    }

    private static func claim(path: String) throws(StateError) -> String {
        if mkdir(path, 0o700) != 0 {
            let cause = SystemError(call: "mkdir", number: errno, subject: path)
            if cause.meansMissing { throw .directoryRefused(path: path, reason: missingParent(of: path)) }
            // A read-only file system answers EROFS even for a directory that is there.
            guard cause.number == EEXIST || FileIdentity.status(of: path) != nil else { throw .writing(path, cause) }
        }
        let descriptor = try open(path)
        switch try verdict(descriptor, path) {
        case .use:
            try checkWritable(path)
            return path
        case .useSubdirectory:
            return try claimSubdirectory(of: descriptor, path)
        case .refuse(let reason):
            throw .directoryRefused(path: path, reason: reason)
        }
    }

    private static func claimSubdirectory(
        of parent: borrowing FileDescriptor,
        _ parentPath: String
    ) throws(StateError) -> String {
        let name = String(geteuid())
        let path = subdirectory(of: parentPath)
        if mkdirat(parent.number, name, 0o700) != 0 {
            let cause = SystemError(call: "mkdir", number: errno, subject: path)
            guard cause.number == EEXIST || FileIdentity.status(of: path) != nil else { throw .writing(path, cause) }
        }
        let descriptor = try open(name, at: parent.number, path)
        let status = try status(of: descriptor, path)
        guard status.st_uid == geteuid() else {
            throw .directoryRefused(path: path, reason: "it belongs to uid \(status.st_uid), not to us")
        }
        // Ours, but somebody opened it up: close it again.
        if status.st_mode & 0o077 != 0, fchmod(descriptor.number, 0o700) != 0 {
            throw .writing(path, SystemError(call: "fchmod", number: errno, subject: path))
        }
        try checkWritable(path)
        return path
    }

    static func subdirectory(of parent: String) -> String {
        parent == "/" ? "/\(geteuid())" : "\(parent)/\(geteuid())"
    }

    private static func checkWritable(_ path: String) throws(StateError) {
        if access(path, W_OK | X_OK) != 0 {
            throw .writing(path, SystemError(call: "access", number: errno, subject: path))
        }
    }

    static func verdict(_ descriptor: borrowing FileDescriptor, _ path: String) throws(StateError) -> Verdict {
        let status = try status(of: descriptor, path)
        return Verdict(owner: status.st_uid, mode: status.st_mode, user: geteuid())
    }

    static func status(of descriptor: borrowing FileDescriptor, _ path: String) throws(StateError) -> stat {
        do throws(SystemError) {
            return try FileIdentity.status(of: descriptor, subject: path)
        } catch {
            throw .system(error)
        }
    }

    /// Opens a directory without following a symlink in its last component.
    static func open(
        _ name: String,
        at parent: Int32 = AT_FDCWD,
        _ fullPath: String? = nil
    ) throws(StateError) -> FileDescriptor {
        let path = fullPath ?? name
        let number = clinux_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
        if number >= 0 { return FileDescriptor(owning: number) }
        let cause = SystemError(call: "open", number: -number, subject: path)
        if cause.number == ENOTDIR || cause.number == ELOOP {
            let isLink = FileIdentity.status(of: path)?.isSymbolicLink ?? false
            throw .directoryRefused(path: path, reason: isLink ? "it is a symlink" : "it is not a directory")
        }
        throw .writing(path, cause)
    }

    static func trimmedAbsolute(_ setting: String) throws(StateError) -> String {
        guard setting.hasPrefix("/") else { throw .notAbsolute(path: setting) }
        return trimmed(setting)
    }

    /// Without slashes at the end: with one, the kernel follows a symlink even if told not to.
    package static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}

extension StateError {
    /// The default place cannot be used for a reason that another place may not have. A place that is refused because
    /// of its owner or because it is a symlink may be an attack: no silent way around it.
    var allowsAnotherPlace: Bool {
        switch self {
        case .notWritable, .full: true
        case .directoryRefused(let path, let reason): reason == StateDirectory.missingParent(of: path)
        default: false
        }
    }
}
