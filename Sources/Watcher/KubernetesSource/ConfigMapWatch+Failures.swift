import Logging
import Shared
import SharedHTTP

/// How a watch ends and begins anew.
extension ConfigMapWatch {
    mutating func ended(_ end: WatchEnd, _ now: MonotonicTime, _ random: Double) -> [Action] {
        switch end {
        case .clean:
            if case .watching(let since) = phase, now - since >= timing.healthy || lastByte > since {
                failures = 0
                return again(.ended, now, onNewConnection: false)
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
        // Whatever it is that it dislikes, it may be the version.
        if ![401, 403, 429, 503].contains(response.status) { resumeVersion = nil }
        return failed(response, now, random)
    }

    /// An answer that is a failure whatever was asked.
    func retryAfter(_ response: HTTPResponse) -> Duration? {
        response.headers["retry-after"].flatMap { Int($0) }.map { min(.seconds(max(0, $0)), timing.longestWait) }
    }

    private mutating func failed(_ response: HTTPResponse, _ now: MonotonicTime, _ random: Double) -> [Action] {
        let problem = explanation.problem(response)
        var actions = fail(.refused, problem, now, random, retryAfter: retryAfter(response))
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
        if returnsToStreamingList {
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
            let actions = deliver(items.lazy.compactMap(ConfigMapObject.init).first { $0.name == self.state.name })
            resumeVersion = version
            state.resourceVersion = version
            phase = .waiting(until: now)
            return actions
        case .success(let response) where response.status == 403:
            state.mode = .getAndWatch
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
            watches(now)
            return deliver(nil)
        case .success(let response): return failed(response, now, random)
        }
    }

    private mutating func gotCheck(_ answer: Result<HTTPResponse, TransportError>, _ now: MonotonicTime) -> [Action] {
        switch answer {
        case .failure:
            check.failed(now, timing)
            return []
        case .success(let response):
            switch response.status {
            case 200:
                guard let value = try? JSONReader.parse(response.body, options: .init(maximumDepth: 512)),
                    let found = ConfigMapObject(value)
                else { break }
                let isSame = object.map { $0.uid == found.uid && $0.resourceVersion == found.resourceVersion }
                check.succeeded(isSame: isSame ?? false, now, timing)
                return []
            case 404 where KubernetesStatus(body: response.body) != nil:
                check.succeeded(isSame: object == nil, now, timing)
                return []
            default: break
            }
            check.failed(now, timing)
            return response.status == 401 ? [.refreshCredentials] : []
        }
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
        check = CheckSchedule(next: now + timing.check)
        return [.cancel]
    }

    /// Begins anew after a wait.
    ///
    /// - Parameter retryAfter: What the server asked for; obeyed if it is longer than ours.
    mutating func fail(
        _ reason: WatchRestart,
        _ problem: ConfigMapState.Problem,
        _ now: MonotonicTime,
        _ random: Double,
        retryAfter: Duration? = nil
    ) -> [Action] {
        count(reason)
        if case .watching(let since) = phase, now - since >= timing.healthy { failures = 0 }
        failures += 1
        needsNewConnection = true
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
