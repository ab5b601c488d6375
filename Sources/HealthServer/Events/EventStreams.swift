internal import NIOCore
internal import Shared

/// All clients that follow `/events`. Confined to one event loop.
///
/// Each change makes one event, at most one per ``ServerLimits/streamInterval``: what changes in between is in the next
/// one, so the last event is always about what holds. Every client has at most one event on its way, and gets the newest
/// when that is out; a slow client therefore skips events and holds one, whatever happens.
final class EventStreams {
    private let limits: ServerLimits
    private let eventLoop: any EventLoop
    private let payload: (_ revision: Int) -> [UInt8]
    private let countChanged: () -> Void
    private var streams: [ObjectIdentifier: EventStream] = [:]
    /// Counts the changes that this process has seen.
    private var revision = 0
    private var told: MonotonicTime?
    private var scheduled: Scheduled<Void>?
    private var encoded: (revision: Int, bytes: [UInt8])?

    /// - Parameters:
    ///   - payload: Makes the data of an event: JSON without line breaks.
    ///   - countChanged: Called after a client has come or gone.
    init(
        limits: ServerLimits,
        eventLoop: any EventLoop,
        payload: @escaping (Int) -> [UInt8],
        countChanged: @escaping () -> Void = {}
    ) {
        self.countChanged = countChanged
        self.limits = limits
        self.eventLoop = eventLoop
        self.payload = payload
    }

    var count: Int { streams.count }

    var hasPlace: Bool { streams.count < limits.streams }

    /// Something changed.
    func changed() {
        revision += 1
        guard !streams.isEmpty, scheduled == nil else { return }
        let now = MonotonicTime.now()
        let next = told.map { $0 + limits.streamInterval } ?? now
        guard next > now else {
            tell()
            return
        }
        scheduled = eventLoop.assumeIsolated()
            .scheduleTask(in: .nanoseconds((next - now).nanoseconds)) { [self] in
                scheduled = nil
                tell()
            }
    }

    private func tell() {
        told = .now()
        for stream in Array(streams.values) { stream.offer() }
    }

    /// The event as it is now, for whoever can take one.
    func event() -> (revision: Int, bytes: [UInt8]) {
        if let encoded, encoded.revision == revision { return encoded }
        let text = "id: \(revision)\ndata: "
        let new = (revision: revision, bytes: Array(text.utf8) + payload(revision) + Array("\n\n".utf8))
        encoded = new
        return new
    }

    /// Takes a client in; it gets the present state at once.
    func begin(_ stream: EventStream) {
        streams[ObjectIdentifier(stream)] = stream
        countChanged()
        stream.begin()
    }

    func end(_ stream: EventStream) {
        streams[ObjectIdentifier(stream)] = nil
        countChanged()
        if streams.isEmpty {
            scheduled?.cancel()
            scheduled = nil
        }
    }

    /// Cuts clients that take nothing, keeps quiet connections alive. Called every ``ServerLimits/tick``.
    func tick(now: MonotonicTime) {
        for stream in Array(streams.values) {
            stream.tick(now: now, patience: limits.patience, keepAlive: limits.streamKeepAlive)
        }
    }

    /// Everybody gets a last event if nothing else is on its way, and the end.
    func stop() {
        scheduled?.cancel()
        scheduled = nil
        revision += 1
        for stream in Array(streams.values) { stream.finish() }
    }
}
