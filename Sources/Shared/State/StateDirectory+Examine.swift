internal import Glibc

extension StateDirectory {
    /// What ``prepare(setting:)`` would give, found without creating or changing anything.
    ///
    /// - Returns: The directory, and whether it is there.
    /// - Throws: As ``prepare(setting:)``.
    package static func examine(setting: String?) throws(StateError) -> (directory: StateDirectory, exists: Bool) {
        if let setting, !setting.isEmpty { return try look(at: setting) }
        do throws(StateError) {
            return try look(at: defaultPath)
        } catch {
            guard error.allowsAnotherPlace, let other = try? look(at: fallbackPath) else { throw error }
            return other
        }
    }

    private static func look(at setting: String) throws(StateError) -> (directory: StateDirectory, exists: Bool) {
        let path = try trimmedAbsolute(setting)
        try refuseKernelsOwn(path)
        guard FileIdentity.status(of: path) != nil else { return (try creatable(path), false) }
        let descriptor = try open(path)
        switch try verdict(descriptor, path) {
        case .refuse(let reason): throw .directoryRefused(path: path, reason: reason)
        case .use: break
        case .useSubdirectory:
            let inner = subdirectory(of: path)
            guard FileIdentity.status(of: inner) != nil else { return (try creatable(inner), false) }
            let status = try status(of: try open(inner), inner)
            guard status.st_uid == geteuid() else {
                throw .directoryRefused(path: inner, reason: "it belongs to uid \(status.st_uid), not to us")
            }
        }
        let directory = unprepared(setting: setting)
        if let obstacle = directory.obstacle() { throw obstacle }
        return (directory, true)
    }

    /// A directory that is not there, if it can be made.
    private static func creatable(_ path: String) throws(StateError) -> StateDirectory {
        let directory = StateDirectory(unchecked: path)
        switch directory.obstacle() {
        case nil: return directory
        case .notWritable(_, let cause)? where cause.meansMissing && cause.subject == path: return directory
        case .notWritable(_, let cause)? where cause.meansMissing:
            throw .directoryRefused(path: path, reason: missingParent(of: path))
        case let obstacle?: throw obstacle
        }
    }
}
