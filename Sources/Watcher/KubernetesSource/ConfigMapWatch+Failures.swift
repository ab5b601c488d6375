import Logging
import Shared
import SharedHTTP

/// How a watch ends and begins anew.
extension ConfigMapWatch {
    mutating func ended(_ end: WatchEnd, _ now: MonotonicTime, _ random: Double) -> [Action] {
        switch end {
        case .clean:
            if case .watching(let since) = phase {
                if now - since >= timing.healthy {
                    failures = 0
                    return again(.ended, now, onNewConnection: false)
                }
                // It told something: a short wait each time, so that a server that ends each watch after a line is not
                // asked as fast as it answers.
                if hasTold { failures = 0 }
            }
            let detail = "\(explanation.place) ends each watch as soon as it is open"
            return fail(.ended, .init(code: "ended", detail: detail), now, random)
        case .failed(let error):
            guard case .watching = phase else { return fail(.refused, explanation.problem(error), now, random) }
            return restart(.dropped, now, random, explanation.problem(error))
        case .answer(let response): return refused(response, now, random)
        }
    }

    private mutating func refused(_ response: HTTPResponse, _ now: MonotonicTime, _ random: Double) -> [Action] {
        let status = KubernetesStatus(body: response.body)
        if response.status == 410 || status?.isExpired == true { return expired(now, random) }
        if response.status == 422, resumeVersion == nil, state.mode == .streamingList {
            state.mode = .listAndWatch
            returnsToStreamingList = false
            return begins(now)
        }
        dropVersion(after: response.status)
        return failed(response, now, random)
    }

    mutating func notSynchronized(_ now: MonotonicTime, _ random: Double) -> [Action] {
        guard state.mode == .streamingList else {
            let detail = "\(explanation.place) opened the watch, and does not say what there is"
            return fail(.silent, .init(code: "timeout", detail: detail), now, random)
        }
        // The object came and no bookmark after it: a server that does not know the parameter. Without an object it may
        // also be one that cannot reach its database: then only this once.
        let isSure = candidate != nil
        state.mode = .listAndWatch
        phase = .listing
        let actions: [Action] = [.cancel, .list]
        if !isSure { returnsToStreamingList = true }
        return actions
    }

    mutating func expired(_ now: MonotonicTime, _ random: Double) -> [Action] {
        resumeVersion = nil
        defer { lastExpiry = now }
        if let lastExpiry, now - lastExpiry < timing.expiry {
            let detail = "\(explanation.place) says again and again that what it just said is too old (410)"
            return fail(.expired, .init(code: "expired", detail: detail), now, random)
        }
        return again(.expired, now, onNewConnection: false)
    }

    /// Whatever it is that the server dislikes, it may be the version, unless it says that it is something else.
    mutating func dropVersion(after status: Int) {
        if ![401, 403, 429, 503].contains(status) { resumeVersion = nil }
    }

    func retryAfter(_ response: HTTPResponse) -> Duration? {
        response.headers["retry-after"].flatMap { Int($0) }.map { min(.seconds(max(0, $0)), timing.longestWait) }
    }

    /// An answer that is a failure whatever was asked.
    private mutating func failed(_ response: HTTPResponse, _ now: MonotonicTime, _ random: Double) -> [Action] {
        let problem = explanation.problem(response)
        let wait = retryAfter(response)
        var actions = fail(.refused, problem, now, random, retryAfter: wait, onNewConnection: false)
        if response.status == 401 { actions.append(.refreshCredentials) }
        return actions
    }

    // MARK: - LIST

    mutating func listed(
        _ answer: Result<HTTPResponse, TransportError>,
        _ now: MonotonicTime,
        _ random: Double
    ) -> [Action] {
        guard phase == .listing else { return [] }
        let isOnlyOnce = returnsToStreamingList
        if isOnlyOnce {
            returnsToStreamingList = false
            state.mode = .streamingList
        }
        switch answer {
        case .failure(let error): return fail(.refused, explanation.problem(error), now, random)
        case .success(let response) where response.status == 200:
            guard let value = try? JSONReader.parse(response.body, options: .init(maximumDepth: 512)),
                let version = value["metadata"]?["resourceVersion"]?.string, let items = value["items"]?.array
            else {
                let detail = "\(explanation.place) answered a LIST with something else than a list of ConfigMaps"
                return fail(.unreadable, .init(code: "unreadable", detail: detail), now, random)
            }
            let objects = items.compactMap(ConfigMapObject.init)
            guard objects.count == items.count else {
                let detail = "\(explanation.place) listed something else than ConfigMaps"
                return fail(.unreadable, .init(code: "unreadable", detail: detail), now, random)
            }
            let actions = deliver(objects.first { $0.name == self.state.name })
            resumeVersion = version
            state.resourceVersion = version
            phase = .waiting(until: now)
            check = CheckSchedule(next: now + timing.check)
            return actions
        case .success(let response) where response.status == 403:
            state.mode = .getAndWatch
            returnsToStreamingList = isOnlyOnce
            return begins(now)
        case .success(let response): return failed(response, now, random)
        }
    }

    // MARK: - GET

    mutating func got(
        _ answer: Result<HTTPResponse, TransportError>,
        _ now: MonotonicTime,
        _ random: Double
    ) -> [Action] {
        switch phase {
        case .synchronizing where state.mode == .getAndWatch: return gotFirst(answer, now, random)
        case .watching: return gotCheck(answer, now)
        case .synchronizing, .waiting, .listing, .opening: return []
        }
    }

    /// The watch tells what there is, but not that there is nothing.
    private mutating func gotFirst(
        _ answer: Result<HTTPResponse, TransportError>,
        _ now: MonotonicTime,
        _ random: Double
    ) -> [Action] {
        switch answer {
        case .failure(let error): return fail(.refused, explanation.problem(error), now, random)
        case .success(let response) where response.status == 200: return []
        case .success(let response) where response.status == 404 && KubernetesStatus(body: response.body) != nil:
            absentSince = now
            return []
        case .success(let response): return failed(response, now, random)
        }
    }

    mutating func absent(_ now: MonotonicTime) -> [Action] {
        watchesAnew(now)
        return deliver(nil)
    }

    private mutating func gotCheck(_ answer: Result<HTTPResponse, TransportError>, _ now: MonotonicTime) -> [Action] {
        let response: HTTPResponse
        switch answer {
        case .success(let complete): response = complete
        case .failure(let error):
            check.failed(now, wait: timing.checkRetry)
            // Neither the watch nor a question beside it: edits may be missed already.
            if now - lastByte >= timing.doubt {
                state.problem = explanation.problem(error)
                state.problemSince = state.problemSince ?? now
            }
            return []
        }
        lacksGet = false
        switch response.status {
        case 200:
            guard let value = try? JSONReader.parse(response.body, options: .init(maximumDepth: 512)),
                let found = ConfigMapObject(value)
            else {
                check.failed(now, wait: timing.checkRetry)
                return []
            }
            // All of it: a server whose data went back gives out the same versions a second time.
            check.succeeded(isSame: object == found, now, timing)
        case 404 where KubernetesStatus(body: response.body) != nil:
            check.succeeded(isSame: object == nil, now, timing)
        case 403:
            // A Role with `watch` alone: it does not get better in seconds.
            lacksGet = true
            check.failed(now, wait: timing.check)
        default: check.failed(now, wait: max(timing.checkRetry, retryAfter(response) ?? .zero))
        }
        return response.status == 401 ? [.refreshCredentials] : []
    }

    // MARK: - Again

    /// A watch that was open is over: at once if it had been a good one.
    mutating func restart(
        _ reason: WatchRestart,
        _ now: MonotonicTime,
        _ random: Double,
        _ problem: ConfigMapState.Problem? = nil
    ) -> [Action] {
        if case .watching(let since) = phase, now - since >= timing.healthy {
            failures = 0
            return again(reason, now)
        }
        let detail = "the watch at \(explanation.place) breaks as soon as it is open"
        return fail(reason, problem ?? .init(code: "unstable", detail: detail), now, random)
    }

    /// Begins anew without a wait.
    mutating func again(_ reason: WatchRestart, _ now: MonotonicTime, onNewConnection: Bool = true) -> [Action] {
        count(reason)
        if onNewConnection { needsNewConnection = true }
        let text = "the watch of a ConfigMap begins anew"
        let fields = ["configmap": state.fullName, "reason": reason.rawValue]
        return [.log(WatcherMessage(.debug, text, fields))] + begins(now)
    }

    private mutating func begins(_ now: MonotonicTime) -> [Action] {
        phase = .waiting(until: now)
        state.connection = .connecting
        state.connectedSince = nil
        // What the GET found is not explained: what the watch told is not to be built upon.
        if check.disagrees { resumeVersion = nil }
        check.resumed()
        return [.cancel]
    }

    /// Begins anew after a wait.
    ///
    /// - Parameters:
    ///   - retryAfter: What the server asked for; obeyed if it is longer than ours.
    ///   - onNewConnection: False where the server answered: the connection is well.
    mutating func fail(
        _ reason: WatchRestart,
        _ problem: ConfigMapState.Problem,
        _ now: MonotonicTime,
        _ random: Double,
        retryAfter: Duration? = nil,
        onNewConnection: Bool = true
    ) -> [Action] {
        count(reason)
        if case .watching(let since) = phase, now - since >= timing.healthy { failures = 0 }
        failures += 1
        if onNewConnection { needsNewConnection = true }
        mayBeEarly = retryAfter == nil
        let delay = max(timing.backoff.delay(attempt: failures, random: random), retryAfter ?? .zero)
        let actions = begins(now)
        phase = .waiting(until: now + delay)
        state.connection = .waiting
        state.problem = problem
        state.problemSince = state.problemSince ?? now
        let fields = [
            "configmap": state.fullName, "reason": problem.detail, "attempt": "\(failures)",
            "wait_ms": "\(delay.milliseconds)",
        ]
        return actions + [.log(WatcherMessage(.debug, "a ConfigMap cannot be followed just now", fields))]
    }

    private mutating func count(_ reason: WatchRestart) { state.restarts[reason.rawValue, default: 0] += 1 }
}
