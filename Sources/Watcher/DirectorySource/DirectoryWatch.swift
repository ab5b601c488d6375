import CLinux
import Glibc
import Shared

/// An inotify instance on the directory, or on the nearest directory above it while there is none.
///
/// Arming is done before each reading and costs one call when nothing changed: whatever happens after the call makes an
/// event, whatever happened before is seen by the reading.
final class DirectoryWatch {
    private let path: String
    private let descriptor: FileDescriptor
    private var watch: Int32?
    private(set) var target: Target?

    /// What the present watch is on.
    enum Target: Equatable {
        case directory
        case ancestor(String, entry: String)
    }

    /// - Throws: EMFILE where all inotify instances of the user are taken (fs.inotify.max_user_instances, 128).
    init(path: String) throws(SystemError) {
        self.path = path
        descriptor = FileDescriptor(owning: try checked("inotify_init1", "", clinux_inotify_create()))
    }

    /// Readable when there are events.
    var number: Int32 { descriptor.number }

    /// Watches the directory or, if it is not there, what must change for it to appear.
    ///
    /// - Throws: ENOSPC where the user's watches are used up (fs.inotify.max_user_watches), ENOMEM.
    func arm() throws(SystemError) {
        // Above a single file its writes matter, above a missing path only what appears.
        var mask = DirectorySign.appearanceMask
        do throws(SystemError) {
            try add(path, .directory, DirectorySign.mask)
            return
        } catch {
            guard error.meansNotThere else { throw error }
            if error.number == ENOTDIR { mask = DirectorySign.mask }
        }
        var entry = path
        while let (parent, name) = Self.split(entry) {
            do throws(SystemError) {
                try add(parent, .ancestor(parent, entry: name), mask)
                return
            } catch {
                guard error.meansNotThere else { throw error }
            }
            entry = parent
        }
        drop()
    }

    /// The events that are there, at most 64 KiB of them: the rest is read at the next turn.
    func events() -> [InotifyEvent] {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = Glibc.read(descriptor.number, &buffer, buffer.count)
        guard count > 0 else { return [] }
        // Events of a watch that was given up may still be queued.
        return InotifyEvent.parse(buffer[0..<count]).filter { $0.watch == watch || $0.has(IN_Q_OVERFLOW) }
    }

    private func add(_ path: String, _ target: Target, _ mask: UInt32) throws(SystemError) {
        // The same directory gives the same number; another one (replaced, moved, a link that was turned) a new one.
        let number = try retryingInterrupts("inotify_add_watch", path) {
            inotify_add_watch(descriptor.number, path, mask)
        }
        if let watch, watch != number { inotify_rm_watch(descriptor.number, watch) }
        watch = number
        self.target = target
    }

    private func drop() {
        if let watch { inotify_rm_watch(descriptor.number, watch) }
        watch = nil
        target = nil
    }

    /// The parent and the last component; `nil` for the root.
    static func split(_ path: String) -> (parent: String, name: String)? {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else {
            return bytes.isEmpty || bytes == Array(".".utf8) ? nil : (".", String(decoding: bytes, as: UTF8.self))
        }
        let name = String(decoding: bytes[(slash + 1)...], as: UTF8.self)
        guard !name.isEmpty else { return nil }
        return (slash == 0 ? "/" : String(decoding: bytes[0..<slash], as: UTF8.self), name)
    }
}

extension SystemError {
    /// There is no such directory to watch, or it may not be read: its parent can still be watched.
    fileprivate var meansNotThere: Bool { [ENOENT, ENOTDIR, EACCES, ELOOP].contains(number) }
}
