import Shared
import SharedHTTP

/// Follows one ConfigMap through the Kubernetes API: pure.
///
/// | Phase | Input | Then |
/// |---|---|---|
/// | waiting | its time is up | watch from the last version; without one the state is asked for anew |
/// | opening | 200 | synchronizing; watching if it resumes |
/// | opening | 422 to `sendInitialEvents` | LIST, then watch; without the right to LIST watch and GET |
/// | synchronizing | the bookmark that ends the initial state | what was sent is the object, nothing: there is none |
/// | synchronizing, without LIST | GET 404 | there is none, if the watch says nothing within 2 s: it may be late |
/// | synchronizing | 5 s of silence, or 20 s of changes | the server does not know `sendInitialEvents`: as for 422 |
/// | watching | ERROR 410 | the state anew, at once; the second within 30 s after a wait |
/// | watching | clean end | again from the last version, at once if it had lived 2 s, else after a wait |
/// | watching | any other ERROR, a line that is no event | the state anew after a wait |
/// | watching | it breaks | the same, on a new connection |
/// | watching | 75 s of silence, or 5 min since the last | GET: another object than ours for 2 s is the state anew; no answer is a problem |
/// | watching | 150 s of silence | it is dead: again from the last version on a new connection |
/// | any | 401 | the token is read again, and tried at once if it is another |
/// | any | other failures | again after 0.8 s, 1.6 s … 30 s with jitter, or what `Retry-After` says if that is longer |
///
/// The state anew is always asked for without a version: the server then gives its newest (a quorum read), never one that
/// is older than what was seen.
struct ConfigMapWatch: Equatable, Sendable {
    let timing: WatchTiming
    let explanation: KubernetesExplanation
    /// What status shows.
    var state: ConfigMapState
    /// The ConfigMap as the API said last; meaningful once ``isAnswered``.
    var object: ConfigMapObject?
    /// The API said what it holds, or that there is none, since this process runs.
    var isAnswered = false
    var phase: Phase
    /// Where a new watch takes up.
    var resumeVersion: String?
    /// In a row, since a watch was good.
    var failures = 0
    var needsNewConnection = false
    var lastByte: MonotonicTime
    var check: CheckSchedule
    /// What the initial state has shown so far.
    var candidate: ConfigMapObject?
    var hasInitialEvent = false
    /// An event or a bookmark came through the present watch.
    var hasTold = false
    /// The right to GET is missing, and with it the look at what a silent watch does not tell.
    var lacksGet = false
    /// The first look of this process has been taken.
    var hasChecked = false
    /// The server asked for no pause: once another watch gets through, this one may try too.
    var mayBeEarly = true
    /// Since then changes come, although the initial state has not ended.
    var changesSince: MonotonicTime?
    /// Since then a GET says that there is none, and the watch has said nothing.
    var absentSince: MonotonicTime?
    /// Versions of this watch's events may be resumed from: not those of a state without a version, which come in no order.
    var versionsCount = true
    var lastExpiry: MonotonicTime?
    /// The way that is tried now is not the one that this server is known to need.
    var returnsToStreamingList = false

    /// - Parameter previous: What an earlier process of this run knew.
    init(
        namespace: String,
        name: String,
        previous: ConfigMapState?,
        explanation: KubernetesExplanation,
        timing: WatchTiming,
        now: MonotonicTime
    ) {
        self.timing = timing
        self.explanation = explanation
        state = ConfigMapState(namespace: namespace, name: name)
        state.wasDelivered = previous?.wasDelivered ?? false
        state.restarts = previous?.restarts ?? [:]
        phase = .waiting(until: now)
        lastByte = now
        check = CheckSchedule(next: now + timing.check)
    }

    /// When there is something to do although nothing happens.
    var deadline: MonotonicTime? {
        switch phase {
        case .waiting(let until): until
        // The request's own time-out.
        case .listing: nil
        case .opening(let since): since + timing.head
        case .synchronizing:
            absentSince.map { $0 + timing.checkGrace }
                ?? [lastByte + timing.synchronization, changesSince.map { $0 + timing.initialState }].compactMap(\.self)
                .min()
        case .watching: min(lastByte + timing.silence, check.deadline(lastByte: lastByte, timing))
        }
    }

    /// Takes in what happened and does what is due.
    ///
    /// - Parameter random: Uniform in 0..<1.
    mutating func handle(_ input: Input, now: MonotonicTime, random: Double) -> [Action] {
        var actions = take(input, now, random)
        actions += due(now, random)
        return actions
    }

    private mutating func take(_ input: Input, _ now: MonotonicTime, _ random: Double) -> [Action] {
        switch input {
        case .time: return []
        case .opened: return opened(now)
        case .bytes:
            heard(now)
            return []
        case .event(let event):
            heard(now)
            return take(event, now, random)
        case .unreadable(let reason):
            // The same line would come again.
            resumeVersion = nil
            return fail(.unreadable, .init(code: "unreadable", detail: reason), now, random)
        case .ended(let end): return ended(end, now, random)
        case .listed(let answer): return listed(answer, now, random)
        case .got(let answer): return got(answer, now, random)
        case .credentialsChanged:
            if state.problem?.code == ConfigMapState.Problem.unauthorized { waitsNoLonger(now) }
            return []
        case .reachable:
            if mayBeEarly { waitsNoLonger(now) }
            return []
        }
    }

    private mutating func waitsNoLonger(_ now: MonotonicTime) {
        if case .waiting(let until) = phase, until > now { phase = .waiting(until: now) }
    }

    mutating func heard(_ now: MonotonicTime) {
        lastByte = now
        if case .watching = phase { isWell() }
        // In whole seconds: a long line comes in a hundred pieces, which are no news each.
        state.lastByte = MonotonicTime(milliseconds: now.milliseconds / 1000 * 1000)
        check.heard()
    }

    // MARK: - Time

    private mutating func due(_ now: MonotonicTime, _ random: Double) -> [Action] {
        switch phase {
        case .waiting(let until): return until <= now ? begin(now, random) : []
        case .listing: return []
        case .opening(let since):
            guard now - since >= timing.head else { return [] }
            let detail = "\(explanation.place) did not answer within \(timing.head.components.seconds) s"
            return fail(.silent, .init(code: "timeout", detail: detail), now, random)
        case .synchronizing:
            if let absentSince { return now - absentSince >= timing.checkGrace ? absent(now) : [] }
            return deadline.map { $0 <= now } == true ? notSynchronized(now, random) : []
        case .watching:
            if now - lastByte >= timing.silence {
                // Not even a bookmark since it was opened: its version may lie in the future of a server whose data went back.
                if !hasTold { resumeVersion = nil }
                return restart(.silent, now, random)
            }
            switch check.due(now, lastByte: lastByte, timing) {
            case .nothing: return []
            case .get: return [.get]
            case .disagreement:
                resumeVersion = nil
                return restart(.mismatch, now, random)
            }
        }
    }

    private mutating func begin(_ now: MonotonicTime, _ random: Double) -> [Action] {
        // Each attempt of many that fail is no news.
        if state.problem == nil { state.connection = .connecting }
        hasTold = false
        candidate = nil
        hasInitialEvent = false
        changesSince = nil
        absentSince = nil
        let start: WatchRequest.Start
        if let resumeVersion {
            start = .version(resumeVersion)
        } else {
            switch state.mode {
            case .streamingList: start = .initialEvents
            case .getAndWatch: start = .present
            case .listAndWatch:
                phase = .listing
                return [.list]
            }
        }
        versionsCount = start != .present
        phase = .opening(since: now)
        let range = timing.timeoutSeconds
        let seconds = range.lowerBound + Int(random * Double(range.count))
        return [
            .watch(WatchRequest(start: start, timeoutSeconds: seconds, needsNewConnection: needsNewConnection))
        ]
    }
}
