import Glibc
import Shared
import Synchronization
import TestSupport
import Testing

@testable import Watcher

@Suite("A directory is read as it was at one moment")
struct DirectoryReaderTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path + "/contracts"
        #expect(mkdir(path, 0o755) == 0)
    }

    private func reader(_ limits: DirectoryLimits = DirectoryLimits()) -> DirectoryReader {
        DirectoryReader(path: path, place: "CONFIGMAP_PATH=\(path)", limits: limits)
    }

    private func write(_ name: String, _ text: String) throws { try directory.write("contracts/\(name)", text) }

    @Test("A volume is read through ..data, not through the visible links")
    func volume() throws {
        let volume = try KubeletVolume(path)
        try volume.publish(["a.json": "1", "b.json": "2", "notes.txt": "x"])
        // A link that a reader of the visible names would trip over.
        #expect(symlink("..data/gone.json", path + "/gone.json") == 0)
        let reading = reader().read()
        #expect(reading.outcome.texts == ["a.json": "1", "b.json": "2"])
        #expect(reading.layout == .volume)
        #expect(reading.outcome.ignored.map(\.key) == ["notes.txt"])
        #expect(reading.retries == 0)
        #expect(reading.warnings.isEmpty)
    }

    @Test("After each of the kubelet's steps a reading is either wholly old or wholly new")
    func eachStep() throws {
        let volume = try KubeletVolume(path)
        var seen: [String] = []
        try volume.publish(["a.json": "1", "b.json": "1"]) { step in
            let outcome = reader().read().outcome
            switch outcome.texts {
            case nil: seen.append("not written yet")
            case ["a.json": "1", "b.json": "1"]: seen.append("new")
            default: seen.append("\(step): \(outcome)")
            }
        }
        #expect(seen == Array(repeating: "not written yet", count: 3) + Array(repeating: "new", count: 4))
        seen = []
        try volume.publish(["b.json": "2", "c.json": "2"]) { step in
            let texts = reader().read().outcome.texts
            switch texts {
            case ["a.json": "1", "b.json": "1"]: seen.append("old")
            case ["b.json": "2", "c.json": "2"]: seen.append("new")
            default: seen.append("\(step): \(texts ?? [:])")
            }
        }
        #expect(seen == Array(repeating: "old", count: 3) + Array(repeating: "new", count: 4))
    }

    @Test("While a writer publishes as fast as it can, every reading is one generation", .timeLimit(.minutes(1)))
    func race() throws {
        let volumePath = path
        let stop = Atomic(false)
        let published = Atomic(0)
        let failure = Mutex<String?>(nil)
        let writer = TestThread {
            do {
                let volume = try KubeletVolume(volumePath + "-race")
                var number = 0
                while !stop.load(ordering: .relaxed) {
                    number += 1
                    try volume.publish(Self.generation(number))
                    published.store(number, ordering: .relaxed)
                }
            } catch { failure.withLock { $0 = "\(error)" } }
        }
        let reader = DirectoryReader(path: volumePath + "-race", place: "test")
        var (reads, retries, wrong, unsettled, last, backwards) = (0, 0, [String](), 0, 0, 0)
        // Before the first publication the directory is an empty one, which is right and not what is tested here.
        while published.load(ordering: .relaxed) == 0, failure.withLock({ $0 }) == nil { sched_yield() }
        let end = MonotonicTime.now() + .seconds(2)
        let mounts = MountTable(parsing: "")
        while MonotonicTime.now() < end {
            let reading = reader.read(mounts: mounts)
            retries += reading.retries
            guard let texts = reading.outcome.texts else {
                if case .unsettled = reading.outcome { unsettled += 1 }
                continue
            }
            reads += 1
            guard let first = texts["a.json"], let number = Int(first), texts == Self.generation(number) else {
                wrong.append("\(texts)")
                continue
            }
            if number < last { backwards += 1 }
            last = number
        }
        stop.store(true, ordering: .relaxed)
        writer.join()
        let total = published.load(ordering: .relaxed)
        print(
            "race: \(total) publications, \(reads) readings, \(retries) retries, \(unsettled) given up, 0 wrong expected"
        )
        #expect(failure.withLock { $0 } == nil)
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
        #expect(backwards == 0)
        #expect(total > 20)
        #expect(reads > 100)
        #expect(retries > 0, "the writer never came in between: the test shows nothing")
    }

    private static func generation(_ number: Int) -> [String: String] {
        ["a.json": "\(number)", "b.json": "\(number)", "c.json": "\(number)"]
    }

    @Test("A volume that is swapped during every attempt is given up, and says so")
    func alwaysSwapped() throws {
        let volume = try KubeletVolume(path)
        try volume.publish(["a.json": "0"])
        let box = Mutex(Swapper(volume: volume))
        var limits = DirectoryLimits()
        limits.attempts = 7
        var reader = reader(limits)
        reader.beforeCheck = { box.withLock { $0.swap() } }
        let reading = reader.read()
        #expect(reading.outcome.reason?.contains("changed during each of 7 attempts") == true)
        #expect(reading.retries == 7)
        #expect(reading.isUnsettled)
    }

    private struct Swapper: @unchecked Sendable {
        // Only used under the mutex that holds it.
        let volume: KubeletVolume
        var count = 0

        mutating func swap() {
            count += 1
            _ = try? volume.publish(["a.json": "\(count)"])
        }
    }

    @Test("A plain directory that changes during the reading is read again")
    func plainChange() throws {
        try write("a.json", "old")
        let count = Mutex(0)
        let file = path + "/a.json"
        var reader = reader()
        reader.beforeCheck = {
            let first = count.withLock { count in
                count += 1
                return count == 1
            }
            guard first, let descriptor = try? FileDescriptor(opening: file, flags: O_WRONLY | O_TRUNC) else { return }
            try? writeAll(descriptor.number, utf8("a longer text"), subject: file)
        }
        let reading = reader.read()
        #expect(reading.outcome.texts == ["a.json": "a longer text"])
        #expect(reading.retries == 1)
        #expect(reading.isUnsettled == false)
    }

    @Test("An emptied volume is there, with nothing in it")
    func emptied() throws {
        let volume = try KubeletVolume(path)
        try volume.publish(["a.json": "1"])
        try volume.publish([String: String]())
        #expect(reader().read().outcome.texts == [:])
    }

    @Test("A missing directory is absent, and the reason names the setting")
    func missing() throws {
        let reader = DirectoryReader(path: path + "/none", place: "CONFIGMAP_PATH=\(path)/none")
        let reading = reader.read()
        #expect(reading.layout == .absent)
        #expect(reading.outcome.reason?.hasPrefix("CONFIGMAP_PATH=\(path)/none does not exist;") == true)
    }

    @Test("A single file is one key, with a warning")
    func singleFile() throws {
        try write("a.json", "1")
        let reader = DirectoryReader(path: path + "/a.json", place: "CONFIGMAP_PATH=x")
        let reading = reader.read()
        #expect(reading.outcome.texts == ["a.json": "1"])
        #expect(reading.warnings.first?.contains("is a file, not a directory") == true)
        #expect(reading.layout == .file)
    }

    @Test("What is no regular file is passed over with its kind, and never blocks", .timeLimit(.minutes(1)))
    func noRegularFiles() throws {
        try write("good.json", "1")
        #expect(mkfifo(path + "/fifo.json", 0o600) == 0)
        #expect(mkdir(path + "/dir.json", 0o700) == 0)
        #expect(symlink("/dev/null", path + "/device.json") == 0)
        #expect(symlink("fifo.json", path + "/tofifo.json") == 0)
        let reading = reader().read()
        #expect(reading.outcome.texts == ["good.json": "1"])
        let reasons = reading.outcome.ignored.map { "\($0.key): \($0.reason)" }
        #expect(
            reasons == [
                "device.json: a device, not a regular file", "dir.json: a directory, not a regular file",
                "fifo.json: a FIFO, not a regular file", "tofifo.json: a FIFO, not a regular file",
            ]
        )
    }

    @Test("Links to regular files are followed; a dangling one is invalid and names its target")
    func links() throws {
        try directory.write("elsewhere.txt", "1")
        #expect(symlink("../elsewhere.txt", path + "/a.json") == 0)
        #expect(symlink("../nowhere.txt", path + "/b.json") == 0)
        #expect(symlink("b.json", path + "/loop-free.json") == 0)
        #expect(symlink("someone@host.1234", path + "/.#a.json") == 0)
        let reading = reader().read()
        #expect(reading.outcome.texts?["a.json"] == "1")
        #expect(
            reading.outcome.texts?["b.json"]?.contains("a symbolic link to ../nowhere.txt, which does not exist")
                == true
        )
        #expect(reading.outcome.ignored.map(\.key) == [".#a.json"])
        #expect(reading.retries == 0, "a dangling link is no sign of a change")
    }

    @Test("Files beyond a limit are invalid with the limit; all others are read")
    func limits() throws {
        var limits = DirectoryLimits()
        limits.fileBytes = 10
        limits.totalBytes = 25
        limits.files = 5
        limits.excessNames = 1
        for (name, size) in [("a", 10), ("b", 11), ("c", 10), ("d", 6), ("e", 5), ("f", 1), ("g", 1)] {
            try write("\(name).json", String(repeating: "x", count: size))
        }
        let reading = reader(limits).read()
        let texts = try #require(reading.outcome.texts)
        #expect(texts.count == 6)
        #expect(texts["a.json"]?.count == 10)
        #expect(texts["b.json"]?.contains("has 11 bytes, more than the 10 bytes that one file may have") == true)
        #expect(texts["c.json"]?.count == 10)
        #expect(texts["d.json"]?.contains("more than the 25 bytes that all files together may have") == true)
        #expect(texts["e.json"]?.count == 5, "one that still fits is read")
        #expect(texts["f.json"]?.contains("beyond the first 5 files") == true)
        guard case .content(let content) = reading.outcome else { return }
        #expect(content.unlistedCount == 1, "g.json is only counted")
    }

    @Test("The real limits hold: 16 MiB a file, 5,000 files")
    func realLimits() throws {
        let big = path + "/big.json"
        let descriptor = try FileDescriptor(opening: big, flags: O_WRONLY | O_CREAT)
        #expect(ftruncate(descriptor.number, (16 << 20) + 1) == 0)
        for number in 0..<5_001 { close(creat("\(path)/n\(number).json", 0o600)) }
        let texts = try #require(reader().read().outcome.texts)
        #expect(texts["big.json"]?.contains("more than the 16 MiB that one file may have") == true)
        #expect(texts.values.filter { $0.contains("beyond the first 5000 files") }.count == 2)
        #expect(ftruncate(descriptor.number, 16 << 20) == 0)
        #expect(reader().read().outcome.texts?["big.json"]?.utf8.count == 16 << 20)
    }

    @Test("A name that is no UTF-8 is invalid")
    func notUTF8() throws {
        let name = Array("\(path)/".utf8) + [0xFF] + Array(".json".utf8)
        close(creat(name.map { CChar(bitPattern: $0) } + [0], 0o600))
        #expect(reader().read().outcome.texts?.values.first?.contains("not UTF-8") == true)
    }

    @Test("A signature tells a change of content, a swap and a disappearance, but not the kubelet's tidying up")
    func signatures() throws {
        try write("a.json", "1")
        let reader = reader()
        let plain = reader.signature()
        #expect(plain == reader.read().signature)
        try write("a.json", "2")
        #expect(plain != reader.signature())

        let volume = try KubeletVolume(path + "/v")
        try volume.publish(["a.json": "1"])
        let volumeReader = DirectoryReader(path: path + "/v", place: "x")
        let first = volumeReader.read().signature
        #expect(first == volumeReader.signature())
        var atSwap: DirectorySignature?
        try volume.publish(["b.json": "1"]) { step in if step == .swapped { atSwap = volumeReader.signature() } }
        #expect(atSwap != first)
        #expect(
            atSwap == volumeReader.signature(),
            "links added and removed after the swap change nothing that is read"
        )
        #expect(rename(path + "/v", path + "/w") == 0)
        #expect(volumeReader.signature().obstacle == ENOENT)
    }
}
