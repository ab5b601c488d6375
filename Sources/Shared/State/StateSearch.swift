internal import Glibc

/// Where a manager with some `STATE_DIR` has its state, found without creating anything: for a look from outside, also
/// as another user than the manager's.
package struct StateSearch {
    /// The directory with a `state.json`; of several the one whose manager lives, else the one written last.
    package private(set) var directory: StateDirectory?
    /// Every directory that was looked into.
    package private(set) var lookedIn: [String] = []
    /// Why some of them could not be looked into: what is there is not known.
    package private(set) var obstacle: String?

    /// - Parameter setting: The value of `STATE_DIR`, or `nil` if it is not set.
    package init(setting: String?) {
        self.init(places: Self.places(setting: setting))
    }

    /// Where a manager may have its state. Without a setting (`status` is run by hand, and a person's shell has nothing
    /// of the manager's environment) also where the unit and the image put it.
    package static func places(setting: String?) -> [String] {
        setting.flatMap { $0.isEmpty ? nil : [StateDirectory.trimmed($0)] }
            ?? [StateDirectory.defaultPath, StateDirectory.fallbackPath] + StateDirectory.deployedPaths
    }

    init(places: [String]) {
        var best: (Int, Int64) = (-1, 0)
        for top in places {
            let subdirectories = DirectoryListing.names(in: top).filter { UInt32($0) != nil }
            for path in [top] + subdirectories.map({ "\(top)/\($0)" }) {
                let candidate = StateDirectory(unchecked: path)
                lookedIn.append(path)
                guard let rank = rank(candidate), rank > best else { continue }
                (best, directory) = (rank, candidate)
            }
        }
    }

    /// - Returns: `nil` if there is no state or if we may not look.
    private mutating func rank(_ candidate: StateDirectory) -> (Int, Int64)? {
        var status = stat()
        guard lstat(candidate.statePath, &status) == 0 else {
            if errno == EACCES { obstacle = Self.denied(candidate.path) }
            return nil
        }
        let isHeld = StateLocks.holder(.manager, in: candidate) != nil
        return (isHeld ? 1 : 0, Int64(status.st_mtim.tv_sec))
    }

    private static func denied(_ path: String) -> String {
        let owner = FileIdentity.status(of: path).map { "it belongs to uid \($0.st_uid): run this as that user" }
        return "\(path) may not be read by uid \(geteuid()); \(owner ?? "run this as the manager's user")"
    }
}
