import Shared
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    /// `/events` over real sockets.
    @Suite struct EventStreamTests {
        private static let pending = Situations.sections([Situations.desired()], [])

        @Test func thePresentStateComesAtOnceAndThenEveryChange() throws {
            let test = try TestServer(Self.pending)
            let reader = try EventReader(test)
            let head = reader.head.lowercased()
            for line in [
                "http/1.1 200", "content-type: text/event-stream", "cache-control: no-store",
                "transfer-encoding: chunked", "connection: close",
            ] {
                #expect(head.contains(line), "\(head)")
            }
            let first = try reader.next()
            #expect(first.retry == "1000")
            #expect(try first.json["schema"]?.string == "pact-mocks-manager.event/1")
            #expect(try first.json["status"]?.string == "not_ready")
            #expect(try first.json["reason"]?.string == "pending")
            #expect(try first.json["pending"]?.int == 1)
            #expect(try first.json["run"]?.string == Situations.run)
            test.take(Situations.allPublished)
            let second = try reader.next()
            #expect(second.retry == nil)
            #expect(try second.json["status"]?.string == "ready")
            #expect(try second.json["reason"] == .null)
            #expect(try second.json["published"]?.int == 2)
            #expect(try second.json["revision"]?.int ?? 0 > first.json["revision"]?.int ?? 0)
            #expect(try second.id == (second.json["revision"]?.int).map { "\($0)" })
            #expect(try test.server.load() == .init(connections: 1, waiters: 0, streams: 1))
        }

        @Test func manyChangesAreFewEventsAndTheLastOneIsNeverLost() throws {
            var limits = ServerLimits()
            limits.streamInterval = .milliseconds(100)
            let test = try TestServer(Self.pending, limits: limits)
            let reader = try EventReader(test)
            _ = try reader.next()
            let began = MonotonicTime.now()
            for round in 0..<2000 { test.take(round % 2 == 0 ? Situations.allPublished : Self.pending) }
            let all = Situations.sections(
                (0..<7).map { Situations.desired("P\($0)") },
                (0..<7).map { Situations.published("P\($0)") }
            )
            test.take(all)
            var events = 0
            while true {
                events += 1
                if try reader.next().json["published"]?.int == 7 { break }
            }
            let atMost = Int((MonotonicTime.now() - began).milliseconds / 100) + 2
            #expect(events <= atMost, "\(events) events")
        }

        @Test func aChangeOfTheVerdictByTimeAloneIsAnEventToo() throws {
            var limits = ServerLimits()
            limits.tick = .milliseconds(10)
            let test = try TestServer(Self.pending, limits: limits)
            // The last check was two hours ago: only the request in flight bridges that, for a moment.
            var view = TestServer.view(Situations.allPublished)
            view.snapshot = RunSnapshot(
                sections: Situations.changed(view.snapshot.sections) {
                    $0.broker?.checked = MonotonicTime.now() - .seconds(7200)
                    $0.broker?.requestDeadline = MonotonicTime.now() + .milliseconds(500)
                },
                supervisedRun: Situations.run,
                bootID: Situations.boot,
                readAt: Situations.readAt
            )
            test.server.take(view)
            try test.server.waitForTurn()
            let reader = try EventReader(test)
            #expect(try reader.next().json["status"]?.string == "ready")
            #expect(try reader.next().json["reason"]?.string == "publisher_silent")
        }

        @Test func silenceIsBrokenByComments() throws {
            var limits = ServerLimits()
            limits.tick = .milliseconds(10)
            limits.streamKeepAlive = .milliseconds(50)
            let test = try TestServer(Self.pending, limits: limits)
            let reader = try EventReader(test)
            _ = try reader.next()
            let began = MonotonicTime.now()
            for _ in 0..<3 { #expect(try reader.block() == ": still here\n\n") }
            #expect(MonotonicTime.now() - began >= .milliseconds(100))
            #expect(ServerLimits().streamKeepAlive == .seconds(15))
        }

        @Test func theSixtyFifthIsToldToComeBackAndAPlaceThatIsFreedIsGiven() throws {
            let test = try TestServer(Self.pending)
            var readers = try (0..<64).map { _ in try EventReader(test) }
            try test.wait { $0.streams == 64 }
            let refused = try test.client.get("/events")
            #expect(refused.status == 503)
            #expect(refused.header("Content-Type") == "application/problem+json")
            #expect(refused.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1)
            #expect(try test.client.send("HEAD", "/events").status == 503)
            // Probes and held requests have places of their own.
            #expect(try test.client.get("/liveness").status == 200)
            #expect(try TestJSON(test.client.get("/status").body)["waiters"]?.int == 0)
            readers.removeLast()
            try test.wait { $0.streams == 63 }
            #expect(try EventReader(test).status == 200)
            test.take(Situations.allPublished)
            for reader in readers {
                _ = try reader.next()
                #expect(try reader.next().json["status"]?.string == "ready")
            }
        }

        @Test func aStreamIsNeverTheOneThatMakesRoom() throws {
            var limits = ServerLimits()
            limits.connections = 4
            limits.connectionsAtMost = 8
            limits.streams = 3
            let test = try TestServer(Self.pending, limits: limits)
            let readers = try (0..<3).map { _ in try EventReader(test) }
            let idle = try test.connect()
            try test.wait { $0.connections == 4 }
            for _ in 0..<10 { #expect(try test.client.get("/liveness").status == 200) }
            #expect(try idle.untilClosed().isEmpty)
            #expect(try test.server.load().streams == 3)
            test.take(Situations.allPublished)
            for reader in readers {
                _ = try reader.next()
                #expect(try reader.next().json["status"]?.string == "ready")
            }
        }

        @Test func whoIsIdleLongerThanAnyOtherConnectionMayBeStays() throws {
            var limits = ServerLimits()
            limits.tick = .milliseconds(10)
            limits.patience = .milliseconds(100)
            let test = try TestServer(Self.pending, limits: limits)
            let reader = try EventReader(test)
            let idle = try test.connect()
            #expect(try idle.untilClosed().isEmpty)
            test.take(Situations.allPublished)
            _ = try reader.next()
            #expect(try reader.next().json["status"]?.string == "ready")
        }

        @Test func oneWhoTakesNothingIsCutAndHoldsLittle() throws {
            var limits = ServerLimits()
            limits.tick = .milliseconds(10)
            limits.patience = .milliseconds(200)
            limits.streamInterval = .zero
            let test = try TestServer(Self.pending, limits: limits)
            let slow = try EventReader(test)
            let deadline = TestServer.deadline
            var changes = 0
            while try test.server.load().streams == 1 {
                test.take(changes % 2 == 0 ? Situations.allPublished : Self.pending)
                changes += 1
                try #require(MonotonicTime.now() < deadline, "not cut after \(changes) changes")
            }
            #expect(try test.client.get("/liveness").status == 200)
            // What the kernel held of it was bounded: our 16 KiB, doubled by it, and the client's own buffer.
            #expect(try slow.untilClosed().utf8.count < 4 << 20)
        }

        @Test(arguments: [false, true])
        func oneWhoGoesIsNoticedAtOnce(_ onlyStopsSending: Bool) throws {
            let test = try TestServer(Self.pending)
            var reader: EventReader? = try EventReader(test)
            _ = try reader?.next()
            try test.wait { $0.streams == 1 }
            if onlyStopsSending { reader?.finishWriting() } else { reader = nil }
            try test.wait { $0.streams == 0 && $0.connections == 0 }
        }

        @Test func withoutChunksTheStreamEndsWithTheConnection() throws {
            let test = try TestServer(Self.pending)
            let reader = try EventReader(test, version: "1.0")
            #expect(!reader.head.lowercased().contains("chunked"))
            #expect(reader.head.contains("HTTP/1.0 200"))
            #expect(try reader.next().json["reason"]?.string == "pending")
            test.take(Situations.allPublished)
            #expect(try reader.next().json["status"]?.string == "ready")
        }

        @Test func headGetsTheHeadAndNoStream() throws {
            let test = try TestServer(Self.pending)
            let reader = try EventReader(test, method: "HEAD")
            #expect(reader.status == 200)
            #expect(reader.head.lowercased().contains("content-type: text/event-stream"))
            reader.finishWriting()
            #expect(try reader.untilClosed().isEmpty)
            #expect(try test.server.load().streams == 0)
        }

        @Test func stoppingSendsALastEventAndEndsAllStreams() throws {
            let test = try TestServer(Situations.allPublished)
            let readers = try (0..<20).map { _ in try EventReader(test) }
            let old = try EventReader(test, version: "1.0")
            for reader in readers + [old] { _ = try reader.next() }
            try test.wait { $0.streams == 21 }
            let began = MonotonicTime.now()
            test.server.stop()
            #expect(MonotonicTime.now() - began < ServerLimits().stopping)
            for reader in readers {
                #expect(try reader.next().json["reason"]?.string == "stopping")
                #expect(try reader.untilClosed() == "0\r\n\r\n")
            }
            #expect(try old.next().json["reason"]?.string == "stopping")
            #expect(try old.untilClosed().isEmpty)
        }

        @Test func whatIsSentDuringAStreamIsNoRequest() throws {
            let test = try TestServer(Self.pending)
            let reader = try EventReader(test)
            _ = try reader.next()
            try reader.send("GET /liveness HTTP/1.1\r\nHost: test\r\n\r\n")
            test.take(Situations.allPublished)
            #expect(try reader.next().json["status"]?.string == "ready")
            #expect(try test.client.get("/liveness").status == 200)
        }

        @Test(arguments: [(1_048_576, 64), (1024, 64), (256, 18), (64, 3), (1, 0)])
        func fewerDescriptorsAreFewerStreams(_ row: (descriptors: UInt64, streams: Int)) {
            #expect(ServerLimits(descriptors: row.descriptors).streams == row.streams)
        }
    }
}
