internal import Glibc

/// Why the shared state could not be read or written, one sentence each: what, where, and what the operator can change.
package enum StateError: Error, Equatable, CustomStringConvertible {
    /// `STATE_DIR` (or the internal `MANAGER_STATE_DIR`) is not an absolute path.
    case notAbsolute(path: String)
    /// The directory must not be used: a symlink, no directory, or somebody else's.
    case directoryRefused(path: String, reason: String)
    /// A directory or file cannot be created or written: read-only file system, permissions, or no directory to make it
    /// in (then the cause is ENOENT).
    case notWritable(path: String, cause: SystemError)
    /// No space or no inodes are left.
    case full(path: String, cause: SystemError)
    /// Another system call failed.
    case system(SystemError)
    /// Somebody else holds the lock.
    case locked(name: LockName, directory: String, holder: LockHolder?)
    /// A content that fits no section: `limit` is the largest slot in bytes.
    case tooLarge(section: StateSection, bytes: Int, limit: Int)
    /// The content could not be encoded or decoded as JSON.
    case coding(section: StateSection, reason: String)
    /// The file does not follow the format.
    case damaged(path: String, reason: String)
    /// The file was written by a newer version of this program.
    case newerSchema(path: String, schema: Int)
    /// A reader met a half-done update each time; the writer is much faster than it.
    case torn(section: StateSection)
    /// The file was replaced again and again while a commit was tried.
    case unsettled(path: String)
    /// A contract's name is no SHA-256, or its bytes have another one.
    case contract(path: String, reason: String)

    package var description: String {
        switch self {
        case .notAbsolute(let path):
            "STATE_DIR \"\(path)\" is not an absolute path; set it to one, for example /tmp/pact-mocks-manager"
        case .directoryRefused(let path, let reason):
            "state directory \(path) refused: \(reason); set STATE_DIR to a directory of this user"
        case .notWritable(let path, let cause):
            "state is not writable at \(path): \(cause.obstacle(at: path))"
        case .full(let path, let cause):
            "no room for the state at \(path) (\(cause)); free space or inodes there, or point STATE_DIR elsewhere"
        case .system(let cause):
            "\(cause)"
        case .locked(let name, let directory, let holder):
            Self.describeLock(name, directory, holder)
        case .tooLarge(let section, let bytes, let limit):
            "section \(section.rawValue) would take \(bytes) bytes, more than the \(limit) a slot may have; "
                + "its last content stays; reduce the number of contracts"
        case .coding(let section, let reason):
            "section \(section.rawValue) cannot be encoded or decoded: \(reason)"
        case .damaged(let path, let reason):
            "\(path) is damaged: \(reason)"
        case .newerSchema(let path, let schema):
            "\(path) has schema \(schema), newer than \(StateLayout.schema) which this version knows"
        case .torn(let section):
            "section \(section.rawValue) changed during each of \(SectionReading.maximumAttempts) reads"
        case .unsettled(let path):
            "\(path) was replaced again and again during a commit; it is tried again"
        case .contract(let path, let reason):
            "contract \(path): \(reason)"
        }
    }

    /// What the operator can add where nothing is writable: for a pod with `readOnlyRootFilesystem: true`, and for a
    /// machine of one's own. One line, for one process to print once; `nil` for other failures, which say it themselves.
    package var remedy: String? {
        guard case .notWritable = self else { return nil }
        return "in a pod add a writable volume: to the container "
            + "{env: [{name: STATE_DIR, value: /state}], volumeMounts: [{name: state, mountPath: /state}]}, "
            + "to the pod {volumes: [{name: state, emptyDir: {}}]}; "
            + "elsewhere: export STATE_DIR=\"$HOME/.pact-mocks-manager\""
    }

    private static func describeLock(_ name: LockName, _ directory: String, _ holder: LockHolder?) -> String {
        let who = holder.map(\.description) ?? "a process that left no name"
        if name == .manager {
            return "another manager owns STATE_DIR \(directory): \(who); stop it, or give this one its own STATE_DIR"
        }
        return "\(name) in STATE_DIR \(directory) is owned by \(who)"
    }

    /// Sorts the failure of a call that creates or changes something at `path` by what the operator can do about it.
    static func writing(_ path: String, _ cause: SystemError) -> StateError {
        if cause.meansNoRoom { return .full(path: path, cause: cause) }
        if cause.meansNotWritable { return .notWritable(path: path, cause: cause) }
        return .system(cause)
    }
}

extension SystemError {
    /// Why `path` cannot be written, in words that leave nothing to look up.
    fileprivate func obstacle(at path: String) -> String {
        let isElsewhere = !subject.isEmpty && subject != path
        return switch number {
        case EROFS: "the file system is read-only"
        case ENOENT where isElsewhere: "\(subject) does not exist"
        case ENOENT: "it does not exist"
        case EACCES, EPERM: "\(isElsewhere ? subject : "it") is not writable by uid \(geteuid())"
        default: "\(self)"
        }
    }
}
