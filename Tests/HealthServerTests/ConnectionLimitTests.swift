import Dispatch
import Glibc
import Shared
import Synchronization
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    @Suite struct ConnectionLimitTests {
        /// What a restart leaves behind waits in the queue; NIO shortens the queue of a socket that it is given to 128.
        @Test func theQueueOfTheSocketKeepsItsLength() throws {
            let test = try TestServer()
            var information = tcp_info()
            var size = socklen_t(MemoryLayout<tcp_info>.size)
            let result = getsockopt(test.listener, Int32(IPPROTO_TCP), TCP_INFO, &information, &size)
            #expect(result == 0)
            let descriptor = try FileDescriptor(opening: "/proc/sys/net/core/somaxconn", flags: O_RDONLY)
            let bytes = try readAll(descriptor, limit: 64, subject: "somaxconn") ?? []
            let cap = try #require(UInt32(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)))
            // For a listening socket tcpi_sacked is the length of its queue (tcp_get_info in the kernel).
            #expect(information.tcpi_sacked == min(cap, UInt32(ListeningSocket.backlog)))
        }

        /// Descriptors, then connections at most, connections and waiters.
        @Test(arguments: [
            (1_048_576, 960, 512, 384), (1024, 960, 512, 384), (512, 448, 336, 252), (256, 192, 144, 108),
            (64, 32, 24, 18), (32, 8, 6, 4), (1, 2, 1, 0),
        ])
        func fewerDescriptorsAreFewerConnections(
            _ row: (descriptors: UInt64, most: Int, connections: Int, waiters: Int)
        ) {
            let limits = ServerLimits(descriptors: row.descriptors)
            #expect(limits.connectionsAtMost == row.most)
            #expect(limits.connections == row.connections)
            #expect(limits.waiters == row.waiters)
        }

        @Test func aProbeIsAnsweredWhileIdleConnectionsTakeEveryPlace() throws {
            let test = try TestServer()
            let idle = try (0..<512).map { _ in try test.connect() }
            try test.wait { $0.connections == 512 }
            for _ in 0..<20 { #expect(try test.client.get("/liveness").status == 200) }
            // The longest idle made room.
            #expect(try idle[0].untilClosed().isEmpty)
            try idle[511].get("/liveness")
            #expect(try idle[511].response().status == 200)
        }

        @Test func sixHundredConnectionsNeverTakeMoreThanTheirPlaces() throws {
            let test = try TestServer()
            let connections = try (0..<600).map { _ in try test.connect() }
            // The last one in was the last to be accepted.
            try connections[599].get("/liveness")
            #expect(try connections[599].response().status == 200)
            #expect(try test.server.load().connections <= 512)
            for connection in connections[0..<88] { #expect(try connection.untilClosed().isEmpty) }
            try connections[88].get("/liveness")
            #expect(try connections[88].response().status == 200)
        }

        @Test func whoTakesLongDocumentsSlowlyLeavesMemoryForTheProbes() throws {
            var limits = ServerLimits()
            limits.longAnswerBytes = 1 << 20
            let pairs = (0..<4000)
                .map { Situations.desired("Provider-\($0)-" + String(repeating: "x", count: 200)) }
            let published = pairs.map { Situations.published($0.provider) }
            let test = try TestServer(Situations.sections(pairs, published), limits: limits)
            let slow = try test.connect()
            // More than the socket's buffers hold, so that one of them stays unsent while nobody reads.
            for _ in 0..<12 { try slow.get("/status") }
            let deadline = TestServer.deadline
            while try test.client.get("/status").status != 503 { try #require(MonotonicTime.now() < deadline) }
            #expect(try test.client.get("/liveness").status == 200)
            // A probe that names what is published is as long as a document, and still a probe.
            let ready = try test.client.get("/ready")
            #expect(ready.status == 200 && ready.text.utf8.count > 500_000, "\(ready.text.prefix(200))")
            for _ in 0..<12 { #expect(try slow.response().status == 200) }
            #expect(try test.client.get("/status").status == 200)
        }

        @Test func aBurstInOneTurnOfTheLoopTakesNoMoreThanItsPlaces() throws {
            var limits = ServerLimits()
            limits.connections = 8
            limits.connectionsAtMost = 40
            limits.tick = .milliseconds(10)
            let stands = DispatchSemaphore(value: 0)
            let goesOn = DispatchSemaphore(value: 0)
            let isFirst = Mutex(true)
            // The loop stands still while the connections come, and then accepts all of them in one turn.
            let test = try TestServer(limits: limits) { _ in
                let isFirst = isFirst.withLock { first in
                    defer { first = false }
                    return first
                }
                if isFirst {
                    stands.signal()
                    _ = goesOn.wait(timeout: .now() + .seconds(20))
                }
                return nil
            }
            try #require(stands.wait(timeout: .now() + .seconds(20)) == .success)
            let burst = try (0..<32).map { _ in try test.connect() }
            goesOn.signal()
            try burst[31].get("/liveness")
            #expect(try burst[31].response().status == 200)
            #expect(try test.server.load().connections == 8)
            for connection in burst[0..<24] { #expect(try connection.untilClosed().isEmpty) }
        }

        @Test func oneWhoIsSlowToSendMakesRoomOneWithACompleteRequestDoesNot() throws {
            var limits = ServerLimits()
            limits.connections = 4
            limits.connectionsAtMost = 6
            let test = try TestServer(Situations.sections([Situations.desired()], []), limits: limits)
            let waiting = try (0..<3).map { _ in try test.connect() }
            for connection in waiting { try connection.get("/providers/GCP-Secret-Manager/ready?wait=300s") }
            try test.wait { $0.waiters == 3 }
            let slow = try test.connect()
            try slow.send("GET /liveness HT")
            try test.wait { $0.connections == 4 }
            #expect(try test.client.get("/liveness").status == 200)
            #expect(try slow.untilClosed().isEmpty)
            test.take(Situations.allPublished)
            for connection in waiting { #expect(try connection.response().status == 200) }
        }

        @Test func probesAreAnsweredEvenWhenEveryPlaceHoldsARequest() throws {
            var limits = ServerLimits()
            limits.connections = 4
            limits.connectionsAtMost = 8
            let test = try TestServer(limits: limits)
            let waiting = try (0..<4).map { _ in try test.connect() }
            for connection in waiting { try connection.get("/providers/P/ready?wait=300s") }
            try test.wait { $0.waiters == 4 }
            for _ in 0..<10 { #expect(try test.client.get("/liveness").status == 200) }
            #expect(try test.server.load().waiters == 4)
        }
    }
}
