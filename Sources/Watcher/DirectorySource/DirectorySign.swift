import CLinux

/// What an inotify event means for the contracts.
enum DirectorySign: Equatable, Sendable {
    /// Nothing: a step of the kubelet's that changes no content yet, or an entry that is not read.
    case none
    /// `..data` moved: the new generation is complete, read at once.
    case swapped
    /// Something is being written; read when it is quiet.
    case changed
    /// The watched directory went away or was moved; the watch is worth nothing any more.
    case replaced
    /// Events were lost.
    case overflow

    /// What is watched.
    enum Subject: Equatable, Sendable {
        /// The directory with the contracts, in its present layout.
        case directory(DirectoryLayout)
        /// A directory above a path that is not there yet, or above a single file: only this entry matters.
        case ancestor(entry: String)
    }

    /// The events to ask for (Tests/Fixtures/inotify); the last two and IN_DELETE matter only where there is no `..data`.
    static let mask = UInt32(
        bitPattern: IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
            | IN_CLOSE_WRITE | IN_MODIFY
    )

    /// The events to ask for above a path that is not there: no writes, since that directory may be a busy /tmp.
    static let appearanceMask = UInt32(
        bitPattern: IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
    )

    init(_ event: InotifyEvent, subject: Subject) {
        if event.has(IN_Q_OVERFLOW) {
            self = .overflow
            return
        }
        if event.name.isEmpty {
            self = event.has(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED) ? .replaced : .none
            return
        }
        switch subject {
        case .ancestor(let entry):
            self = event.name == entry ? .changed : .none
        case .directory(let layout):
            if event.name == "..data" {
                self = event.has(IN_MOVED_TO) ? .swapped : .changed
            } else if layout == .volume || event.name.hasPrefix("..") {
                self = .none
            } else {
                self = DirectoryNames.reasonToIgnore(Array(event.name.utf8)) == nil ? .changed : .none
            }
        }
    }
}
