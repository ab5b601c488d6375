import Shared
import SharedHTTP

@testable import Watcher

/// A ``ConfigMapWatch`` against a ``ModelAPIServer`` with a virtual clock and a seeded generator: a time of edits and
/// faults, then a calm one. A violation carries the seed, which replays the history.
struct WatchSimulation {
    struct Violation: Error, CustomStringConvertible {
        var seed: UInt64
        var text: String
        var description: String { "seed \(seed): \(text)" }
    }

    /// Something that will arrive, if whom it is for is still there then.
    struct Arrival {
        var time: MonotonicTime
        var kind: Kind

        enum Kind {
            case request(Request, id: Int)
            case stream(ConfigMapWatch.Input, id: Int)
            case listed(Result<HTTPResponse, TransportError>, id: Int)
            case got(Result<HTTPResponse, TransportError>, id: Int)
            case bookmark(id: Int)
            case timeout(id: Int)
            case world
        }
    }

    enum Request {
        case watch(WatchRequest)
        case list
        case get
    }

    /// The watch that is under way, as both sides see it.
    struct Stream {
        var id: Int
        /// The server has told everything up to this revision.
        var told: Int?
        /// The way is dead: nothing arrives any more, and nobody is told.
        var isStalled = false
        /// The last thing sent arrives then; nothing overtakes it.
        var last: MonotonicTime
    }

    /// What is wrong with the server, until when.
    struct Trouble {
        var down = at(0)
        var forbidden = at(0)
        var throttled = at(0)
        var broken = at(0)
        var slow = at(0)
        var blackHole = at(0)
        var retryAfter = 1
        /// The kept connection is dead: a request on it is never answered.
        var isConnectionDead = false
    }

    let seed: UInt64
    var random: JitterSource
    var now = at(0)
    var watch: ConfigMapWatch
    var server: ModelAPIServer
    var queue: [Arrival] = []
    var trouble = Trouble()
    /// Seconds after which something between the two ends each watch, in calm times too.
    let proxyLimit: Int
    var stream: Stream?
    var list: Int?
    var get: Int?
    private var nextID = 0
    /// The state that was delivered last.
    var floor = 0
    var isCalm = false
    private(set) var requests: [MonotonicTime] = []
    private(set) var busiestMinute = 0
    private(set) var steps = 0
    private(set) var deliveries = 0
    private(set) var trace: [String]?

    /// Seconds of `Retry-After` at most.
    static let longestRetry = 60
    /// Once nothing bad happens any more: the longest wait, a watch that is opened and does not answer, then the look
    /// that finds out what no event tells, its own repetition, and the state anew.
    static func calmBound(_ timing: WatchTiming) -> Duration {
        .seconds(longestRetry) + timing.head + timing.initialState + timing.check + timing.checkRetry + timing.request
            + timing.checkGrace
    }
    /// A watch that is cut after it has lived 2 s is asked for again at once: 30 in a minute, each with a GET or LIST.
    static let requestsPerMinute = 60

    init(seed: UInt64, traced: Bool = false) {
        self.seed = seed
        random = JitterSource(seed: seed)
        let modes = ModelAPIServer.Mode.allCases
        server = ModelAPIServer(
            mode: modes[Int(random.next() * Double(modes.count))],
            allowsList: random.next() < 0.5
        )
        // Seldom: each end costs steps.
        let kind = random.next()
        proxyLimit = kind < 0.05 ? 20 : kind < 0.15 ? 55 : .max
        watch = WatchDriver().watch
        if traced { trace = [] }
    }

    mutating func run() throws(Violation) {
        if chance(0.7) { server.edit() }
        let calm = now + seconds(10, 400)
        queue.append(Arrival(time: now, kind: .world))
        try feed(.time)
        while now < calm { try step(until: calm) }
        beCalm()
        let end = now + Self.calmBound(watch.timing)
        while now < end { try step(until: end) }
        try checkRest()
        // A watch may just have come to its regular end; without a LIST an absence takes 2 s, with one 5 s.
        let late = end + .seconds(10)
        while watch.state.connection != .watching, now < late { try step(until: late) }
        if watch.state.connection != .watching { throw violation("after the calm it is \(watch.phase)") }
    }

    private func checkRest() throws(Violation) {
        let truth = server.object.map(ModelAPIServer.configMap)
        guard watch.isAnswered, watch.object == truth, watch.state.problem == nil else {
            throw violation(
                "after the calm it is \(watch.phase) with \(watch.object?.resourceVersion ?? "none"), the server's "
                    + "is \(truth?.resourceVersion ?? "none")"
            )
        }
    }

    private mutating func step(until end: MonotonicTime) throws(Violation) {
        steps += 1
        if steps > 20_000 { throw violation("it does not come to rest") }
        let first = queue.indices.min { queue[$0].time < queue[$1].time }
        let time = first.map { queue[$0].time } ?? end
        if let deadline = watch.deadline, deadline <= time {
            now = max(now, min(deadline, end))
            return try feed(.time)
        }
        now = max(now, min(time, end))
        guard let first, time <= end else { return }
        try arrive(queue.remove(at: first).kind)
    }

    // MARK: - The client

    /// One input, and what the watch does about it.
    mutating func feed(_ input: ConfigMapWatch.Input) throws(Violation) {
        let actions = watch.handle(input, now: now, random: random.next())
        if trace != nil { note("\(input)".prefix(150) + " -> " + actions.compactMap(\.words).joined(separator: ", ")) }
        for action in actions {
            switch action {
            case .watch(let request):
                nextID += 1
                if request.needsNewConnection { trouble.isConnectionDead = false }
                stream = Stream(id: nextID, isStalled: trouble.isConnectionDead, last: now)
                try send(.watch(request))
            case .list:
                nextID += 1
                list = nextID
                try send(.list)
            case .get:
                nextID += 1
                get = nextID
                try send(.get)
            case .cancel: (stream, list, get) = (nil, nil, nil)
            case .deliver: try delivered()
            case .refreshCredentials, .log: break
            }
        }
        try checkPatience()
    }

    private mutating func send(_ request: Request) throws(Violation) {
        requests.append(now)
        requests.removeAll { now - $0 > .seconds(60) }
        busiestMinute = max(busiestMinute, requests.count)
        if requests.count > Self.requestsPerMinute { throw violation("\(requests.count) requests in a minute") }
        queue.append(Arrival(time: now + latency(), kind: .request(request, id: nextID)))
    }

    private mutating func delivered() throws(Violation) {
        deliveries += 1
        guard let number = server.number(watch.object, from: floor) else {
            let what = watch.object.map { "\($0.uid)/\($0.resourceVersion)" } ?? "none"
            throw violation("delivered \(what), which the server never had, or had before what was delivered last")
        }
        floor = number
    }

    /// There is always something to wait for.
    private func checkPatience() throws(Violation) {
        let isUnderWay: Bool
        switch watch.phase {
        case .waiting: isUnderWay = stream == nil && list == nil && get == nil
        case .listing: isUnderWay = list != nil && stream == nil
        case .opening, .synchronizing, .watching: isUnderWay = stream != nil && list == nil && watch.deadline != nil
        }
        if !isUnderWay { throw violation("\(watch.phase), and what that means is not under way") }
    }

    // MARK: - Chance

    func violation(_ text: String) -> Violation { Violation(seed: seed, text: "\(now.milliseconds) ms: \(text)") }

    mutating func note(_ text: some StringProtocol) {
        trace?.append("\(now.milliseconds - at(0).milliseconds) ms \(text)")
    }

    mutating func chance(_ probability: Double) -> Bool { random.next() < probability }

    mutating func seconds(_ least: Double, _ most: Double) -> Duration {
        .milliseconds(Int64((least + random.next() * (most - least)) * 1000))
    }

    /// One way.
    mutating func latency() -> Duration { now < trouble.slow ? seconds(0.001, 12) : seconds(0.001, 0.1) }

    private mutating func beCalm() {
        isCalm = true
        note("calm")
        trouble.down = min(trouble.down, now)
        trouble.forbidden = min(trouble.forbidden, now)
        trouble.throttled = min(trouble.throttled, now)
        trouble.broken = min(trouble.broken, now)
        trouble.slow = min(trouble.slow, now)
        trouble.blackHole = min(trouble.blackHole, now)
    }
}
