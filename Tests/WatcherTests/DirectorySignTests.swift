import CLinux
import Testing

@testable import Watcher

@Suite("What an inotify event means")
struct DirectorySignTests {
    private func sign(_ mask: Int32, _ name: String, _ layout: DirectoryLayout = .plain) -> DirectorySign {
        DirectorySign(
            InotifyEvent(watch: 1, mask: UInt32(bitPattern: mask), name: name),
            subject: .directory(layout)
        )
    }

    @Test(
        "In the recordings of a real volume each update is one swap, and nothing else is worth a reading",
        arguments: ["01-mountdir-all-events.txt", "06-mountdir-filtered.txt"]
    )
    func transcripts(name: String) throws {
        let transcript = try InotifyTranscript(name)
        #expect(transcript.sections.count >= 6)
        for (index, section) in transcript.sections.enumerated() {
            // Before the first publication the directory is an empty plain one.
            var layout: DirectoryLayout = section.title.hasPrefix("first") ? .plain : .volume
            var signs: [DirectorySign] = []
            for event in section.events {
                let sign = DirectorySign(event, subject: .directory(layout))
                if sign == .swapped { layout = .volume }
                if sign != .none { signs.append(sign) }
            }
            let isUpdate = !section.title.hasPrefix("same payload")
            #expect(signs == (isUpdate ? [.swapped] : []), "\(name), section \(index): \(section.title)")
        }
    }

    @Test("In a plain directory only contracts count")
    func plain() {
        #expect(sign(IN_CLOSE_WRITE, "a.json") == .changed)
        #expect(sign(IN_MOVED_TO, "a.json") == .changed)
        #expect(sign(IN_MOVED_FROM, "a.json") == .changed)
        #expect(sign(IN_DELETE, "a.json") == .changed)
        #expect(sign(IN_CLOSE_WRITE, ".a.json.swp") == .none)
        #expect(sign(IN_CREATE, ".#a.json") == .none)
        #expect(sign(IN_CREATE, "4913") == .none)
        #expect(sign(IN_CREATE | IN_ISDIR, "..2026_11_23_00_17_56.3080255841") == .none)
    }

    @Test("The end of the directory or of the watch asks for another watch")
    func replaced() {
        for mask in [IN_DELETE_SELF, IN_MOVE_SELF, IN_UNMOUNT, IN_IGNORED] { #expect(sign(mask, "") == .replaced) }
        #expect(sign(IN_Q_OVERFLOW, "") == .overflow)
    }

    @Test("Without ..data a volume is looked at")
    func dataGone() {
        #expect(sign(IN_DELETE, "..data", .volume) == .changed)
        #expect(sign(IN_MOVED_FROM, "..data", .volume) == .changed)
    }

    @Test("Above a missing path only the awaited entry counts")
    func ancestor() {
        let subject = DirectorySign.Subject.ancestor(entry: "contracts")
        let mask = UInt32(bitPattern: IN_CREATE | IN_ISDIR)
        #expect(DirectorySign(InotifyEvent(watch: 1, mask: mask, name: "contracts"), subject: subject) == .changed)
        #expect(DirectorySign(InotifyEvent(watch: 1, mask: mask, name: "other"), subject: subject) == .none)
    }

    @Test("Events are taken from the kernel's bytes, truncated ones are left out")
    func parsing() {
        var raw: [UInt8] = []
        func append(_ watch: Int32, _ mask: Int32, _ name: String, _ length: UInt32) {
            for word in [UInt32(bitPattern: watch), UInt32(bitPattern: mask), 0, length] {
                withUnsafeBytes(of: word) { raw += $0 }
            }
            raw += Array(name.utf8) + Array(repeating: 0, count: Int(length) - name.utf8.count)
        }
        append(1, IN_MOVED_TO, "..data", 16)
        append(-1, IN_Q_OVERFLOW, "", 0)
        append(2, IN_DELETE_SELF, "", 0)
        let events = [
            InotifyEvent(watch: 1, mask: UInt32(bitPattern: IN_MOVED_TO), name: "..data"),
            InotifyEvent(watch: -1, mask: UInt32(bitPattern: IN_Q_OVERFLOW), name: ""),
            InotifyEvent(watch: 2, mask: UInt32(bitPattern: IN_DELETE_SELF), name: ""),
        ]
        #expect(InotifyEvent.parse(raw[...]) == events)
        #expect(InotifyEvent.parse(raw.dropLast()) == Array(events.dropLast()))
        #expect(InotifyEvent.parse(raw[0..<20]).isEmpty)
    }
}
