/// The records of the lock file, in file order. Never reorder them: processes of two versions may meet in one
/// directory.
package enum LockName: Int, CaseIterable, Sendable, CustomStringConvertible {
    /// One manager per state directory.
    case manager
    /// Held while `state.json` is created or replaced.
    case replace
    case processes
    case source
    case broker
    case publication

    /// Bytes of a record; its first byte is the one that is locked.
    static let recordSize = 128

    /// Where the record begins.
    var offset: Int { rawValue * Self.recordSize }

    /// The word in messages.
    package var description: String {
        switch self {
        case .manager: "the manager's lock"
        case .replace: "the lock for replacing state.json"
        case .processes: "section processes"
        case .source: "section source"
        case .broker: "section broker"
        case .publication: "section publication"
        }
    }
}

extension StateSection {
    /// The lock that the section's owner holds from start to exit.
    package var lock: LockName {
        switch self {
        case .processes: .processes
        case .source: .source
        case .broker: .broker
        case .publication: .publication
        }
    }
}
