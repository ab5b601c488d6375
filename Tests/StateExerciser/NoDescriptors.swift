internal import Glibc
internal import Shared
internal import TestSupport

/// A process without a free descriptor: nothing of it dies, and all is well when there are some again.
enum NoDescriptors {
    static func run(_ directory: StateDirectory) throws(StateError) -> Int32 {
        let writer = try StateWriter<BrokerState>(directory: directory)
        let reader = StateReader(directory: directory)
        try writer.commit(StatePattern.broker(1))
        var limit = rlimit(rlim_cur: 64, rlim_max: 64)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        _ = reader.read(BrokerState.self)
        var taken: [Int32] = []
        while case let number = open("/dev/null", O_RDONLY), number >= 0 { taken.append(number) }
        StateExerciserMain.say("descriptors taken: \(taken.count), then \(String(cString: strerror(errno)))")
        try? writer.commit(StatePattern.broker(2))
        StateExerciserMain.say("commit: \(StateExerciserMain.word(writer.lastError)); read: \(number(reader))")
        unlink(directory.path + "/state.json")
        try? writer.commit(StatePattern.broker(3))
        StateExerciserMain.say("commit without a file: \(StateExerciserMain.word(writer.lastError))")
        StateExerciserMain.say("read: \(number(reader))")
        for descriptor in taken { close(descriptor) }
        writer.retryIfNeeded()
        // A file that a stranger removed is missed at the next look, within a second.
        let deadline = MonotonicTime.now() + .seconds(10)
        while number(reader) != 3, MonotonicTime.now() < deadline {
            _ = reader.waitForChange(after: reader.changeWord(), timeout: .milliseconds(100))
        }
        StateExerciserMain.say("again: \(StateExerciserMain.word(writer.lastError)); read: \(number(reader))")
        return 0
    }

    private static func number(_ reader: StateReader) -> Int {
        _ = reader.read(BrokerState.self)
        return reader.lastGood(BrokerState.self).flatMap { StatePattern.number(of: $0.content) } ?? -1
    }
}
