import NIOCore
import NIOEmbedded
import Shared

@testable import HealthServer

/// One connection that sends arbitrary bytes through the handlers of the real server.
enum RequestFuzzCase {
    /// - Parameter input: The first byte says how the rest is cut into pieces and how the connection goes on after it;
    ///   the rest is what the client sends.
    /// - Returns: The answers that came.
    /// - Throws: ``FuzzViolation``.
    @discardableResult
    static func run(_ input: [UInt8]) throws -> FuzzedAnswers {
        let plan = Plan(input.first ?? 0)
        let sent = Array(input.dropFirst())
        let loop = EmbeddedEventLoop()
        let core = FuzzWorld.core(on: loop)
        let channel = EmbeddedChannel(loop: loop)
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        try HealthHTTPServer.addHandlers(to: channel.pipeline.syncOperations, core, core.limits)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        var rest = sent[...]
        while !rest.isEmpty, channel.isActive {
            let piece = rest.prefix(plan.pieceBytes)
            rest = rest.dropFirst(piece.count)
            // What a handler throws up goes to the last handler, never out of the pipeline.
            try channel.writeInbound(ByteBuffer(bytes: piece))
            loop.run()
        }
        // Whoever sent many requests ahead gets the answers one after the other.
        loop.advanceTime(by: .seconds(1))
        if plan.stopsServer { core.stop {} }
        if plan.waits { loop.advanceTime(by: .seconds(301)) }
        if plan.finishesWriting, channel.isActive {
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            loop.advanceTime(by: .seconds(1))
            guard !channel.isActive else { throw FuzzViolation("open after the client's end") }
        }
        guard !plan.waits || core.waiting == 0 else { throw FuzzViolation("held for more than 300 s") }
        let answers = try FuzzedAnswers(output(of: channel))
        try answers.check(against: sent)
        if channel.isActive { channel.close(promise: nil) }
        loop.run()
        guard core.connections.count == 0, core.waiting == 0 else {
            throw FuzzViolation("\(core.connections.count) connections and \(core.waiting) waiters after the end")
        }
        return answers
    }

    private static func output(of channel: EmbeddedChannel) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    private struct Plan {
        var pieceBytes: Int
        var finishesWriting: Bool
        var waits: Bool
        var stopsServer: Bool

        init(_ byte: UInt8) {
            pieceBytes = [4096, 1, 7, 64][Int(byte & 3)]
            finishesWriting = byte & 4 != 0
            waits = byte & 8 != 0
            stopsServer = byte & 0xF0 == 0xF0
        }
    }
}
