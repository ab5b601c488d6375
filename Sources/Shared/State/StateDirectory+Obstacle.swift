internal import Glibc

extension StateDirectory {
    /// What prevents writing here, as far as can be seen without writing: for a reader that must never write, and for
    /// messages, which name the cause and not the call that met it.
    package func obstacle() -> StateError? {
        if access(path, W_OK | X_OK) != 0 {
            let number = errno
            return number == ENOENT ? obstacleToMaking() : denied(number, path)
        }
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        guard status.f_bavail == 0 || (status.f_files > 0 && status.f_favail == 0) else { return nil }
        return .full(path: path, cause: SystemError(call: "statvfs", number: ENOSPC, subject: path))
    }

    /// `error`, or what is behind it: that something below the directory is not there says nothing to a person.
    package func explained(_ error: StateError) -> StateError {
        switch error {
        case .system(let cause) where cause.meansMissing: obstacle() ?? error
        case .notWritable: obstacle() ?? error
        default: error
        }
    }

    /// The directory is not there: can it be made?
    private func obstacleToMaking() -> StateError {
        let parent = Self.parent(of: path)
        guard access(parent, W_OK | X_OK) != 0 else { return denied(ENOENT, path) }
        return denied(errno, parent)
    }

    private func denied(_ number: Int32, _ subject: String) -> StateError {
        .notWritable(path: path, cause: SystemError(call: "access", number: number, subject: subject))
    }

    /// The reason for refusing a directory that cannot be made for want of its parent.
    static func missingParent(of path: String) -> String {
        let parent = parent(of: path)
        // A file system may answer ENOENT to mkdir(2) for reasons of its own.
        return access(parent, F_OK) == 0
            ? "no directory can be made in \(parent)" : "its parent \(parent) does not exist"
    }

    static func parent(of path: String) -> String {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return "/" + parent
    }
}
