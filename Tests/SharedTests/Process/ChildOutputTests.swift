import Glibc
import Shared
import TestSupport
import Testing

@Suite struct ChildOutputTests {
    /// 300 kB are more than a pipe holds: a watcher that had said as much stood still, and an edit seemed lost.
    @Test func aChildThatNobodyReadsGoesOn() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/after"
        try #require(mkfifo(path, 0o600) == 0)
        let after = try FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
        let script = "head -c 300000 /dev/zero; echo; printf 'x\\nlast'; echo after > \(path)"
        let child = try TestChildProcess("/bin/sh", ["-c", script])
        var entry = pollfd(fd: after.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 20_000) == 1)
        #expect(try child.readLine(within: .seconds(20))?.utf8.count == 300_000)
        #expect(try child.readLine(within: .seconds(20)) == "x")
        let (exit, rest) = try child.wait(within: .seconds(20))
        #expect(exit == .code(0) && rest == "last")
        #expect(try child.readLine(within: .seconds(1)) == nil)
    }

    @Test func aLineThatDoesNotComeInTimeIsTold() throws {
        let child = try TestChildProcess("/bin/sh", ["-c", "printf half; exec sleep 60"])
        #expect(throws: TestSupportError.self) { try child.readLine(within: .milliseconds(200)) }
        #expect(throws: TestSupportError.self) { try child.wait(within: .milliseconds(10)) }
        #expect(child.end(with: SIGTERM, within: .seconds(20)) == .signal(SIGTERM))
    }
}
