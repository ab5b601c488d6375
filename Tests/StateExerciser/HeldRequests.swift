internal import Glibc
internal import Shared
internal import TestSupport

/// Both ends of a long-poll: commits the state as the workers do, and waits for the answers of a real health server.
///
/// For Tests/Benchmarks/longpoll.py: each line on standard output is one commit, `commit first last` in nanoseconds: how
/// long the commit itself took, and when the first and the last answer of all clients was there, in whatever order they
/// came, both from the moment just before the commit. All are waited for at once, after the commit has returned.
struct HeldRequests {
    private let port: UInt16
    private let clients: Int
    private var source: StateWriter<SourceState>
    private var broker: StateWriter<BrokerState>
    private var publication: StateWriter<PublicationState>

    private static let run = "run-1"
    private static let revisions = ["a1", "b2"].map { String(repeating: $0, count: 32) }

    static func run(_ directory: StateDirectory, port: UInt16, commits: Int, clients: Int) throws {
        var held = HeldRequests(
            port: port,
            clients: clients,
            source: try StateWriter(directory: directory, run: run, waitingUpTo: .seconds(5)),
            broker: try StateWriter(directory: directory, run: run, waitingUpTo: .seconds(5)),
            publication: try StateWriter(directory: directory, run: run, waitingUpTo: .seconds(5))
        )
        for number in 0..<commits {
            let took = try held.measure(number)
            try writeAll(
                STDOUT_FILENO,
                "\(took.commit.nanoseconds) \(took.first.nanoseconds) \(took.last.nanoseconds)\n",
                subject: "stdout"
            )
        }
    }

    /// Commits that a new revision is wanted, lets the clients wait for it, and commits that it is published.
    private mutating func measure(_ number: Int) throws -> (commit: Duration, first: Duration, last: Duration) {
        let revision = Self.revisions[number % 2]
        var sources = SourceState(run: Self.run, description: "directory /pact-contracts", status: .present)
        sources.pairs = [
            DesiredPair(consumer: "Consumer", provider: "Provider", sha256: revision, files: ["a.json"], problem: nil)
        ]
        try source.commit(sources)
        var brokers = BrokerState(run: Self.run, url: "http://127.0.0.1:1", status: .ready)
        brokers.checked = .now()
        try broker.commit(brokers)

        let deadline = MonotonicTime.now() + .seconds(20)
        let request = "GET /providers/Provider/ready?wait=60s&revision=\(revision) HTTP/1.1\r\nHost: a\r\n\r\n"
        let sockets = try (0..<clients)
            .map { _ in
                let socket = try TestSocket(host: "127.0.0.1", port: port, deadline: deadline)
                try socket.write(Array(request.utf8), deadline: deadline)
                return socket
            }
        let client = try TestHTTPClient("http://127.0.0.1:\(port)")
        while !(try client.get("/status").text.contains("\"waiters\":\(clients),")) {
            guard MonotonicTime.now() < deadline else {
                throw TestSupportError.timedOut(waitingFor: "\(clients) held requests", received: 0)
            }
        }
        var pair = PublishedPair(consumer: "Consumer", provider: "Provider")
        pair.verifiedSHA256 = revision
        pair.version = "main-abc123"
        pair.publishedAt = "2026-01-01T00:00:00+00:00"
        var state = PublicationState(run: Self.run)
        state.verifiedOnce = true
        state.pairs = [pair]

        let began = MonotonicTime.now()
        try publication.commit(state)
        let commit = MonotonicTime.now() - began
        let ends = try withExtendedLifetime(sockets) { try Self.answers(of: sockets, deadline: deadline) }
        return (commit, ends.first - began, ends.last - began)
    }

    /// Waits until all have their answer; each must be a 200.
    ///
    /// - Returns: When the earliest and the latest of them was there.
    private static func answers(
        of sockets: [TestSocket],
        deadline: MonotonicTime
    ) throws -> (first: MonotonicTime, last: MonotonicTime) {
        var entries = sockets.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        let byDescriptor = Dictionary(uniqueKeysWithValues: sockets.map { ($0.descriptor, $0) })
        var first: MonotonicTime?
        var last = MonotonicTime.now()
        while !entries.isEmpty {
            let left = (deadline - MonotonicTime.now()).milliseconds
            guard left > 0 else {
                throw TestSupportError.timedOut(waitingFor: "\(entries.count) answers", received: 0)
            }
            guard poll(&entries, nfds_t(entries.count), Int32(clamping: left)) > 0 else { continue }
            for entry in entries where entry.revents != 0 {
                guard let socket = byDescriptor[entry.fd] else { continue }
                let answer = String(decoding: try socket.read(deadline: deadline), as: UTF8.self)
                last = .now()
                first = first ?? last
                guard answer.hasPrefix("HTTP/1.1 200 ") else { throw TestSupportError.malformedResponse(answer) }
            }
            entries.removeAll { $0.revents != 0 }
        }
        return (first ?? last, last)
    }
}
