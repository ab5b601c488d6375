import Glibc
import Shared
import TestSupport
import Testing

@testable import Watcher

/// inotify queues its events within the system calls that cause them, so these tests need no waiting: time is a
/// parameter.
@Suite("A directory source notices what happens to its directory")
struct DirectorySourceTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/contracts"
    }

    private func source(limits: DirectoryLimits = DirectoryLimits()) throws -> DirectorySource {
        try DirectorySource(path: path, place: "CONFIGMAP_PATH=\(path)", limits: limits, now: at(0))
    }

    private func isReadable(_ source: DirectorySource) -> Bool {
        var entry = pollfd(fd: source.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    @Test("A swap is read at once, and once")
    func swap() throws {
        let volume = try KubeletVolume(path)
        try volume.publish(["a.json": "1"])
        let source = try source()
        #expect(source.turn(now: at(0))?.outcome.texts == ["a.json": "1"])
        #expect(!isReadable(source))
        try volume.publish(["a.json": "2", "b.json": "2"])
        #expect(isReadable(source))
        let reading = try #require(source.turn(now: at(10)))
        #expect(reading.outcome.texts == ["a.json": "2", "b.json": "2"])
        #expect(reading.since == at(10))
        #expect(source.turn(now: at(200)) == nil)
        #expect(!isReadable(source))
        try volume.publish(["a.json": "2", "b.json": "2"])
        #expect(source.turn(now: at(300)) == nil, "the same payload again writes nothing")
    }

    @Test("The first publication into an empty directory is seen by its swap")
    func firstPublication() throws {
        let volume = try KubeletVolume(path)
        let source = try source()
        #expect(source.turn(now: at(0))?.outcome.texts == [:])
        try volume.publish(["a.json": "1"])
        #expect(source.turn(now: at(1))?.outcome.texts == ["a.json": "1"])
        #expect(source.turn(now: at(200)) == nil)
    }

    @Test("A plain file is read when its writer has been quiet for 75 ms, and a half-written one is not")
    func plain() throws {
        #expect(mkdir(path, 0o755) == 0)
        let source = try source()
        #expect(source.turn(now: at(0))?.outcome.texts == [:])
        let file = path + "/a.json"
        let descriptor = try FileDescriptor(opening: file, flags: O_WRONLY | O_CREAT, mode: 0o644)
        try writeAll(descriptor.number, utf8("{\"half"), subject: file)
        #expect(source.turn(now: at(100)) == nil)
        try writeAll(descriptor.number, utf8("\": 1}"), subject: file)
        #expect(source.turn(now: at(170)) == nil)
        #expect(source.turn(now: at(244)) == nil)
        let reading = try #require(source.turn(now: at(245)))
        #expect(reading.outcome.texts == ["a.json": "{\"half\": 1}"])
        #expect(reading.since == at(100))
        #expect(unlink(file) == 0)
        #expect(source.turn(now: at(300)) == nil)
        #expect(source.turn(now: at(375))?.outcome.texts == [:])
    }

    @Test("A directory that comes late is seen, however many levels of it are missing")
    func late() throws {
        let deep = path + "/x/y"
        let source = try DirectorySource(path: deep, place: "CONFIGMAP_PATH=\(deep)", now: at(0))
        #expect(source.turn(now: at(0))?.outcome.reason?.contains("does not exist") == true)
        try directory.write("other", "")
        #expect(source.turn(now: at(10)) == nil, "others in the same place do not matter")
        for (index, level) in [path, path + "/x", deep].enumerated() {
            #expect(mkdir(level, 0o755) == 0)
            let now = at(1_000 * Int64(index + 1))
            #expect(source.turn(now: now) == nil)
            let texts = source.turn(now: now + .milliseconds(75))?.outcome.texts
            #expect(texts == (level == deep ? [:] : nil))
        }
        try directory.write("contracts/x/y/a.json", "1")
        #expect(source.turn(now: at(4_000)) == nil)
        #expect(source.turn(now: at(4_075))?.outcome.texts == ["a.json": "1"])
    }

    @Test("A directory that is renamed away is gone; the one that takes its place is watched")
    func replaced() throws {
        try directory.write("contracts/a.json", "1")
        let source = try source()
        #expect(source.turn(now: at(0))?.outcome.texts == ["a.json": "1"])
        #expect(rename(path, path + ".old") == 0)
        #expect(source.turn(now: at(10)) == nil)
        #expect(source.turn(now: at(85))?.outcome.texts == nil)
        // The old directory's events no longer count.
        try directory.write("contracts.old/b.json", "1")
        #expect(source.turn(now: at(300)) == nil)
        try directory.write("contracts/c.json", "3")
        #expect(source.turn(now: at(400)) == nil)
        #expect(source.turn(now: at(475))?.outcome.texts == ["c.json": "3"])
        try directory.write("contracts/c.json", "4")
        #expect(source.turn(now: at(600)) == nil)
        #expect(source.turn(now: at(675))?.outcome.texts == ["c.json": "4"])
    }

    @Test("A directory that is removed and made again within one settling time is read once, and watched")
    func recreated() throws {
        try directory.write("contracts/a.json", "1")
        let source = try source()
        _ = source.turn(now: at(0))
        #expect(unlink(path + "/a.json") == 0)
        #expect(rmdir(path) == 0)
        #expect(mkdir(path, 0o755) == 0)
        #expect(source.turn(now: at(10)) == nil)
        #expect(source.turn(now: at(85))?.outcome.texts == [:])
        try directory.write("contracts/b.json", "2")
        #expect(source.turn(now: at(100)) == nil)
        #expect(source.turn(now: at(175))?.outcome.texts == ["b.json": "2"])
    }

    @Test("A parent that is renamed makes no event here: the look every 5 s finds it")
    func parentMoved() throws {
        let deep = path + "/x"
        try directory.write("contracts/x/a.json", "1")
        let source = try DirectorySource(path: deep, place: "p", now: at(0))
        #expect(source.turn(now: at(0))?.outcome.texts == ["a.json": "1"])
        #expect(rename(path, path + ".old") == 0)
        #expect(source.turn(now: at(4_999)) == nil)
        #expect(source.turn(now: at(5_000)) == nil)
        #expect(source.turn(now: at(5_075))?.outcome.texts == nil)
    }

    @Test("A file that a link leads to is changed elsewhere: the look every 5 s finds it")
    func changedElsewhere() throws {
        #expect(mkdir(path, 0o755) == 0)
        try directory.write("elsewhere", "1")
        #expect(symlink("../elsewhere", path + "/a.json") == 0)
        let source = try source()
        #expect(source.turn(now: at(0))?.outcome.texts == ["a.json": "1"])
        try directory.write("elsewhere", "2")
        #expect(source.turn(now: at(5_000)) == nil)
        #expect(source.turn(now: at(5_075))?.outcome.texts == ["a.json": "2"])
    }

    @Test("A single file is watched through its directory")
    func singleFile() throws {
        try directory.write("contracts", "1")
        let source = try source()
        #expect(source.turn(now: at(0))?.outcome.texts == ["contracts.json": "1"])
        try directory.write("contracts", "2")
        #expect(source.turn(now: at(10)) == nil)
        #expect(source.turn(now: at(85))?.outcome.texts == ["contracts.json": "2"])
    }

    @Test("Without inotify a warning says so, looks find changes, and inotify is asked for again")
    func withoutInotify() throws {
        let volume = try KubeletVolume(path)
        try volume.publish(["a.json": "1"])
        final class Switch {
            var attempts = 0
            var isWorking = false
        }
        let inotify = Switch()
        let source = try DirectorySource(path: path, place: "p", now: at(0)) { path throws(SystemError) in
            inotify.attempts += 1
            guard inotify.isWorking else { throw SystemError(call: "inotify_init1", number: EMFILE) }
            return try DirectoryWatch(path: path)
        }
        let first = try #require(source.turn(now: at(0)))
        #expect(first.outcome.texts == ["a.json": "1"])
        #expect(first.warnings.first?.contains("fs.inotify.max_user_instances") == true)
        try volume.publish(["a.json": "2"])
        #expect(source.turn(now: at(4_999)) == nil)
        let second = try #require(source.turn(now: at(5_000)))
        #expect(second.outcome.texts == ["a.json": "2"])
        #expect(second.warnings == first.warnings)
        #expect(inotify.attempts == 1)
        inotify.isWorking = true
        var now = at(10_000)
        while now < at(65_001) {
            if let reading = source.turn(now: now) { #expect(reading.warnings.isEmpty) }
            now = now + .seconds(5)
        }
        #expect(inotify.attempts == 2)
        try volume.publish(["a.json": "3"])
        #expect(source.turn(now: at(65_100))?.outcome.texts == ["a.json": "3"])
    }

    @Test("Everything is read every 60 s, and whenever it is asked for")
    func safety() throws {
        try directory.write("contracts/a.json", "1")
        let source = try source()
        _ = source.turn(now: at(0))
        for second in stride(from: 5, to: 60, by: 5) { #expect(source.turn(now: at(Int64(second) * 1000)) == nil) }
        #expect(source.turn(now: at(60_000))?.outcome.texts == ["a.json": "1"])
        source.lookAgain(now: at(61_000))
        #expect(source.turn(now: at(61_000))?.outcome.texts == ["a.json": "1"])
    }

    @Test("More events than the kernel queues lose nothing")
    func overflow() throws {
        #expect(mkdir(path, 0o755) == 0)
        let source = try source()
        _ = source.turn(now: at(0))
        let limit = (try? RepositoryFile.text("/proc/sys/fs/inotify/max_queued_events"))
            .flatMap {
                Int($0.filter(\.isNumber))
            }
        let events = try #require(limit)
        guard events <= 100_000 else {
            print("skipped: fs.inotify.max_queued_events is \(events)")
            return
        }
        // Two events each; alternating names, since the kernel folds equal ones that follow each other.
        for index in 0...(events / 2 + 10) { close(creat("\(path)/\(index % 7).json", 0o600)) }
        try directory.write("contracts/last.json", "1")
        var texts: [String: String]?
        for turn in 0..<200 where texts == nil { texts = source.turn(now: at(10 + Int64(turn)))?.outcome.texts }
        #expect(texts?.count == 8)
    }
}
