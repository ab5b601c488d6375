import CLinux
import TestSupport

@testable import Watcher

/// A recording of inotifywait on a real ConfigMap volume.
struct InotifyTranscript {
    /// One `###` heading and the events below it, in the order of their times.
    struct Section {
        var title: String
        var events: [InotifyEvent]
    }

    private(set) var sections: [Section] = []

    init(_ name: String) throws {
        for line in try RepositoryFile.text("Tests/Fixtures/inotify/\(name)").split(separator: "\n") {
            if line.hasPrefix("### ") {
                sections.append(Section(title: String(line.dropFirst(4)), events: []))
            } else if let event = Self.event(line), !sections.isEmpty {
                sections[sections.count - 1].events.append(event)
            }
        }
    }

    /// `00:17:56 m/..data MOVED_TO`
    private static func event(_ line: Substring) -> InotifyEvent? {
        let fields = line.split(separator: " ")
        guard fields.count == 3, fields[1].hasPrefix("m/") else { return nil }
        var mask: UInt32 = 0
        for word in fields[2].split(separator: ",") {
            guard let bit = bits[String(word)] else { return nil }
            mask |= UInt32(bitPattern: bit)
        }
        return InotifyEvent(watch: 1, mask: mask, name: String(fields[1].dropFirst(2)))
    }

    private static let bits: [String: Int32] = [
        "CREATE": IN_CREATE, "DELETE": IN_DELETE, "ATTRIB": IN_ATTRIB, "ISDIR": IN_ISDIR, "OPEN": IN_OPEN,
        "ACCESS": IN_ACCESS, "CLOSE_NOWRITE": IN_CLOSE_NOWRITE, "CLOSE": 0, "MOVED_FROM": IN_MOVED_FROM,
        "MOVED_TO": IN_MOVED_TO,
    ]
}
