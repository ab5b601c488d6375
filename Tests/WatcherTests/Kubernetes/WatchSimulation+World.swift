import Shared
import SharedHTTP

@testable import Watcher

/// The server's side, the network, and what happens to them.
extension WatchSimulation {
    mutating func arrive(_ kind: Arrival.Kind) throws(Violation) {
        switch kind {
        case .request(let request, let id): serve(request, id)
        case .stream(let input, let id):
            guard stream?.id == id, stream?.isStalled == false else { return }
            if case .ended = input { stream = nil }
            try feed(input)
        case .listed(let answer, let id):
            guard list == id else { return }
            list = nil
            try feed(.listed(answer))
        case .got(let answer, let id):
            guard get == id else { return }
            get = nil
            try feed(.got(answer))
        case .bookmark(let id):
            guard let stream, stream.id == id, let told = stream.told else { return }
            if told <= server.revision {
                tell(.event(.bookmark(resourceVersion: "\(server.revision)", isInitialEnd: false)))
            }
            queue.append(Arrival(time: now + .seconds(60), kind: .bookmark(id: id)))
        case .timeout(let id):
            if stream?.id == id { tell(.ended(.clean)) }
        case .world:
            if !isCalm { try happen() }
        }
    }

    // MARK: - Requests

    private mutating func serve(_ request: Request, _ id: Int) {
        let refusal = refusal()
        switch request {
        case .watch(let request):
            guard stream?.id == id, now >= trouble.blackHole else { return }
            switch refusal {
            case .failure(let error)?: tell(.ended(.failed(error)))
            case .success(let response)?: tell(.ended(.answer(response)))
            case nil: open(request)
            }
        case .list:
            let answer = refusal ?? .success(server.list())
            let (time, result) = transfer(answer)
            queue.append(Arrival(time: time, kind: .listed(result, id: id)))
        case .get:
            let (time, result) = transfer(refusal ?? .success(server.get()))
            queue.append(Arrival(time: time, kind: .got(result, id: id)))
        }
    }

    /// An answer whose request took half of its time, or the client's own time-out.
    private mutating func transfer(
        _ answer: Result<HTTPResponse, TransportError>
    ) -> (MonotonicTime, Result<HTTPResponse, TransportError>) {
        let took = latency()
        guard now >= trouble.blackHole, took < watch.timing.request else {
            return (now + watch.timing.request, .failure(TransportError(.timeout, "timed out")))
        }
        return (now + took, answer)
    }

    private mutating func refusal() -> Result<HTTPResponse, TransportError>? {
        if now < trouble.down { return .failure(TransportError(.refused, "connection refused")) }
        if now < trouble.forbidden { return .success(.sample(403, statusJSON(403, "Forbidden"))) }
        if now < trouble.throttled {
            let headers = [("Retry-After", "\(trouble.retryAfter)")]
            return .success(.sample(chance(0.5) ? 429 : 503, "busy", headers: headers))
        }
        if now < trouble.broken { return .success(.sample([401, 500, 502, 504, 410][Int(random.next() * 5)], "x")) }
        return nil
    }

    private mutating func open(_ request: WatchRequest) {
        guard let id = stream?.id else { return }
        switch server.watch(request.start) {
        case .refused(let response): tell(.ended(.answer(response)))
        case .expired:
            tell(.opened)
            tell(.event(.error(KubernetesStatus(code: 410, reason: "Expired"))))
            tell(.ended(.clean))
        case .stream(let events, let revision):
            stream?.told = revision
            tell(.opened)
            for event in events { tell(.event(event)) }
            queue.append(Arrival(time: now + .seconds(60), kind: .bookmark(id: id)))
            queue.append(Arrival(time: now + .seconds(min(request.timeoutSeconds, proxyLimit)), kind: .timeout(id: id)))
        }
    }

    /// Something goes down the stream, in order. Slow is what has to be asked for.
    private mutating func tell(_ input: ConfigMapWatch.Input) {
        guard var present = stream else { return }
        present.last = max(present.last + .milliseconds(1), now + min(latency(), .milliseconds(1500)))
        stream = present
        if present.isStalled { return }
        queue.append(Arrival(time: present.last, kind: .stream(input, id: present.id)))
    }

    // MARK: - What happens

    private mutating func happen() throws(Violation) {
        queue.append(Arrival(time: now + (chance(0.3) ? seconds(0, 0.2) : seconds(0, 40)), kind: .world))
        if chance(0.5) { return write() }
        let fault = Int(random.next() * 14)
        note("fault \(fault)")
        switch fault {
        case 0: tell(.ended(.failed(TransportError(.disconnected, "cut"))))
        case 1: tell(.ended(.clean))
        case 2:
            stream?.isStalled = true
            trouble.isConnectionDead = true
        case 3: server.forgetHistory()
        case 4: restart()
        case 5:
            restart()
            // What was learnt before may still be delivered, and what is learnt now is older.
            if server.restore() { floor = 0 }
        case 6:
            trouble.throttled = now + seconds(0, 20)
            trouble.retryAfter = Int(random.next() * Double(Self.longestRetry + 1))
        case 7: trouble.broken = now + seconds(0, 30)
        case 8: trouble.slow = now + seconds(0, 40)
        case 9: trouble.forbidden = now + seconds(0, 60)
        case 10: trouble.blackHole = now + seconds(0, 40)
        case 11: tell(.event(.error(KubernetesStatus(code: 500, reason: "InternalError"))))
        case 12: tell(.unreadable("garbage"))
        default: try feed(chance(0.5) ? .credentialsChanged : .time)
        }
    }

    private mutating func write() {
        let before = server.history.count
        switch Int(random.next() * 8) {
        case 0: server.delete()
        case 1:
            server.delete()
            server.edit()
        case 2: server.annotate()
        case 3:
            for _ in 0..<20 { server.otherWrite() }
        case 4: server.takeBackup()
        default: server.edit()
        }
        note("write \(server.revision)")
        for change in server.history.dropFirst(before) {
            guard let told = stream?.told, change.revision > told else { continue }
            stream?.told = change.revision
            tell(.event(change.event))
        }
    }

    /// What is under way breaks, the history is gone, and for a moment nobody is allowed anything.
    private mutating func restart() {
        server.forgetHistory()
        trouble.down = now + seconds(0, 5)
        trouble.forbidden = trouble.down + .milliseconds(40)
        trouble.isConnectionDead = false
        stream?.told = nil
        let isKilled = queue.map { arrival in
            switch arrival.kind {
            case .stream, .listed, .got, .request, .bookmark, .timeout: true
            case .world: false
            }
        }
        queue = zip(queue, isKilled).filter { !$0.1 }.map(\.0)
        let lost = TransportError(.disconnected, "reset")
        let time = now + latency()
        if let id = stream?.id {
            stream?.isStalled = false
            queue.append(Arrival(time: time, kind: .stream(.ended(.failed(lost)), id: id)))
        }
        if let list { queue.append(Arrival(time: time, kind: .listed(.failure(lost), id: list))) }
        if let get { queue.append(Arrival(time: time, kind: .got(.failure(lost), id: get))) }
    }
}
