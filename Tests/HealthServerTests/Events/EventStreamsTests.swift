import NIOCore
import NIOEmbedded
import Shared
import Testing

@testable import HealthServer

/// Who gets which event when, without sockets: the kernel takes bytes when the test says so.
@Suite struct EventStreamsTests {
    /// A client, and what was sent to it.
    private final class Client {
        var sent: [String] = []
        var isCut = false
        var isLast = false
        private var whenOut: (() -> Void)?
        private(set) var stream: EventStream?

        init(_ hub: EventStreams) {
            stream = EventStream(
                hub: hub,
                send: { [unowned self] bytes, isLast, whenOut in
                    sent.append(String(decoding: bytes, as: UTF8.self))
                    self.isLast = isLast
                    self.whenOut = whenOut
                },
                cut: { [unowned self] in isCut = true }
            )
            stream.map(hub.begin)
        }

        /// The kernel has taken what was sent.
        func take() {
            let whenOut = whenOut
            self.whenOut = nil
            whenOut?()
        }
    }

    private func hub(_ loop: EmbeddedEventLoop, interval: Duration = .zero) -> EventStreams {
        var limits = ServerLimits()
        limits.streamInterval = interval
        return EventStreams(limits: limits, eventLoop: loop) { Array("\($0)".utf8) }
    }

    @Test func whatChangesWhileAnEventIsOnItsWayComesInOneAfterIt() {
        let loop = EmbeddedEventLoop()
        let hub = hub(loop)
        let client = Client(hub)
        #expect(client.sent == ["retry: 1000\nid: 0\ndata: 0\n\n"])
        for _ in 0..<5 { hub.changed() }
        #expect(client.sent.count == 1)
        client.take()
        #expect(client.sent.dropFirst() == ["id: 5\ndata: 5\n\n"])
        client.take()
        #expect(client.sent.count == 2)
        hub.changed()
        #expect(client.sent.last == "id: 6\ndata: 6\n\n")
    }

    @Test func changesOfOneIntervalAreOneEvent() {
        let loop = EmbeddedEventLoop()
        let hub = hub(loop, interval: .seconds(3600))
        let client = Client(hub)
        client.take()
        hub.changed()
        client.take()
        #expect(client.sent.last == "id: 1\ndata: 1\n\n")
        for _ in 0..<9 { hub.changed() }
        #expect(client.sent.count == 2)
        loop.advanceTime(by: .seconds(3599))
        #expect(client.sent.count == 2)
        loop.advanceTime(by: .seconds(1))
        #expect(client.sent.dropFirst(2) == ["id: 10\ndata: 10\n\n"])
    }

    @Test func oneWhoTakesNothingIsCutAndOneWhoOnlyHearsNothingGetsAComment() {
        let loop = EmbeddedEventLoop()
        let hub = hub(loop)
        let slow = Client(hub)
        let quiet = Client(hub)
        quiet.take()
        let now = MonotonicTime.now()
        hub.tick(now: now + .seconds(9))
        #expect(!slow.isCut && quiet.sent.count == 1)
        hub.tick(now: now + .seconds(11))
        #expect(slow.isCut && !quiet.isCut && quiet.sent.count == 1)
        hub.tick(now: now + .seconds(16))
        #expect(quiet.sent.last == ": still here\n\n")
    }

    @Test func atTheEndWhoeverCanTakesALastEventAndTheRestIsCut() {
        let loop = EmbeddedEventLoop()
        let hub = hub(loop)
        let slow = Client(hub)
        let quick = Client(hub)
        quick.take()
        hub.stop()
        #expect(slow.isCut && !quick.isCut)
        #expect(quick.isLast && quick.sent.last == "id: 1\ndata: 1\n\n")
        // And nothing after it.
        hub.changed()
        quick.take()
        #expect(quick.sent.count == 2)
    }
}
