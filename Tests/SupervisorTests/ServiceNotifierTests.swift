import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

/// Sending to a real socket that is full, gone, and back.
@Suite struct ServiceNotifierTests {
    private func notifier(_ name: String) -> ServiceNotifier {
        ServiceNotifier(environment: ProcessEnvironment(["NOTIFY_SOCKET": name]))
    }

    private func texts(_ manager: TestServiceManager) -> [String] {
        var texts: [String] = []
        while let message = manager.next(within: .zero) { texts.append(message.text) }
        return texts
    }

    @Test(arguments: [true, false]) func reachesPathsAndAbstractNames(isPath: Bool) throws {
        let directory = try TemporaryDirectory()
        let manager = try TestServiceManager(path: isPath ? directory.path + "/notify" : nil)
        #expect(manager.name.hasPrefix("@") == !isPath)
        let notifier = notifier(manager.name)
        #expect(notifier.isWanted)
        notifier.add(.ready, decided: .now())
        notifier.add(.status("first"), decided: .now())
        notifier.add(.status("second"), decided: .now())
        #expect(notifier.flush() == nil)
        #expect(texts(manager) == ["READY=1", "STATUS=second"])
    }

    @Test(arguments: [[:], ["NOTIFY_SOCKET": ""]]) func isSilentWhereNobodyAsked(variables: [String: String]) {
        let notifier = ServiceNotifier(environment: ProcessEnvironment(variables))
        #expect(!notifier.isWanted)
        notifier.add(.ready, decided: .now())
        #expect(notifier.flush() == nil)
    }

    /// systemd is busy: nothing that matters is lost, and no late heartbeat follows.
    @Test func aFullQueueLosesOnlyHeartbeats() throws {
        let manager = try TestServiceManager()
        let notifier = notifier(manager.name)
        // More than net.unix.max_dgram_qlen, which is 10 and rarely above 512.
        for _ in 0..<1000 {
            notifier.add(.heartbeat, decided: .now())
            notifier.add(.stopping, decided: .now())
            #expect(notifier.flush() == nil)
        }
        notifier.add(.heartbeat, decided: .now())
        #expect(notifier.flush() == nil, "a full queue is nothing to talk about")
        let before = texts(manager)
        #expect(!before.isEmpty && before.count < 1000)
        #expect(notifier.flush() == nil)
        let after = texts(manager)
        #expect(!after.isEmpty)
        #expect(after.allSatisfy { $0 == "STOPPING=1" })
    }

    /// systemd executes itself anew: its socket goes, and one of the same name comes.
    @Test func findsTheSocketThatTookTheName() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/notify"
        var manager: TestServiceManager? = try TestServiceManager(path: path)
        let notifier = notifier(path)
        notifier.add(.ready, decided: .now())
        #expect(notifier.flush() == nil)
        #expect(manager?.next(within: .zero)?.text == "READY=1")
        manager = nil
        unlink(path)

        notifier.add(.reloading, decided: MonotonicTime(milliseconds: 5))
        notifier.add(.heartbeat, decided: .now())
        let error = notifier.flush()
        #expect(error?.number == ENOENT)
        #expect(notifier.flush() == nil, "said once")

        let next = try TestServiceManager(path: path)
        notifier.add(.ready, decided: .now())
        #expect(notifier.flush() == nil)
        #expect(texts(next) == ["RELOADING=1\nMONOTONIC_USEC=5000", "READY=1"])
    }

    @Test func keepsTheLastMessagesOnly() throws {
        let directory = try TemporaryDirectory()
        let notifier = notifier(directory.path + "/nobody")
        for _ in 0..<1000 {
            notifier.add(.reloading, decided: MonotonicTime(milliseconds: 1))
            notifier.add(.ready, decided: .now())
        }
        _ = notifier.flush()
        let manager = try TestServiceManager(path: directory.path + "/nobody")
        // The kernel's queue (net.unix.max_dgram_qlen) may take fewer at a time.
        var all: [String] = []
        for _ in 0..<10 {
            _ = notifier.flush()
            all += texts(manager)
        }
        #expect(all.count <= 16 && all.last == "READY=1")
    }
}
