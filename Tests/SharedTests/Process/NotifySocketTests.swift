import CLinux
import Glibc
import Shared
import Testing

@Suite struct NotifySocketTests {
    @Test func reachesAnAbstractSocketWithItsPid() throws {
        var name = [CChar](repeating: 0, count: 128)
        let listener = FileDescriptor(owning: try checked("socket", "", clinux_notify_listen(&name, name.count)))
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        #expect(text.hasPrefix("@"))
        let socket = NotifySocket(environment: ProcessEnvironment(["NOTIFY_SOCKET": text]))
        #expect(socket.isConnected)
        socket.ready()
        var buffer = [CChar](repeating: 0, count: 64)
        var pid: Int32 = 0
        let count = clinux_notify_receive(listener.number, &buffer, buffer.count, &pid)
        #expect(count == 7 && pid == getpid())
        #expect(clinux_notify_receive(listener.number, &buffer, buffer.count, &pid) == -Int(EAGAIN))
        // A listener that does not read must never block a worker.
        for _ in 0..<1000 { socket.heartbeat() }
    }

    @Test func isSilentWithoutASocket() {
        let socket = NotifySocket(environment: ProcessEnvironment(["NOTIFY_SOCKET": "@nobody-listens-here"]))
        #expect(!socket.isConnected)
        socket.ready()
    }

    @Test func heartbeatsComeThreeTimesWithinTheLimit() {
        let environment = ProcessEnvironment(["WATCHDOG_USEC": "3000000"])
        #expect(heartbeatInterval(environment: environment) == .seconds(1))
        #expect(heartbeatInterval(environment: ProcessEnvironment([:])) == nil)
        let other = ProcessEnvironment(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"])
        #expect(heartbeatInterval(environment: other, pid: 2) == nil)
        #expect(watchdogLimit(environment: other, pid: 2) == nil)
        #expect(watchdogLimit(environment: other, pid: 1) == .seconds(3))
        for odd in ["", "0", "-1", "soon"] {
            #expect(watchdogLimit(environment: ProcessEnvironment(["WATCHDOG_USEC": odd])) == nil)
        }
    }

    @Test func listeningSocketsAreOnlyForThePidTheyName() {
        let other = ProcessEnvironment(["LISTEN_FDS": "1", "LISTEN_PID": "1"])
        #expect(InheritedSockets.take(environment: other, pid: 2).isEmpty)
        #expect(InheritedSockets.take(environment: ProcessEnvironment([:])).isEmpty)
    }
}
