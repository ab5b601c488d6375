import Shared

/// The paths that are ours, not the API's: faults, administration, logs.
extension Application {
    /// - Returns: For how long nobody listens from now on.
    func control(
        _ request: APIRequest,
        _ segments: [String],
        _ query: [String: String],
        on connection: Connection
    ) -> Duration? {
        if let limit = query["wait_ms"].flatMap({ Int64($0) }), (1...600_000).contains(limit) {
            var rest = query
            rest["wait_ms"] = nil
            atNews(within: .milliseconds(limit)) { [self] in _ = control(request, segments, rest, on: connection) }
            return nil
        }
        var refusal: Duration?
        do throws(ControlError) {
            let answer = try perform(request, segments, query, &refusal)
            connection.respond(.control(answer))
        } catch {
            connection.respond(.control(["error": .string(error.description)], status: 400))
        }
        return refusal
    }

    private func perform(
        _ request: APIRequest,
        _ segments: [String],
        _ query: [String: String],
        _ refusal: inout Duration?
    ) throws(ControlError) -> JSONValue {
        switch (request.method, segments.joined(separator: "/")) {
        case ("GET", "_requests"): return log.json(since: query["since"].flatMap { Int($0) } ?? 0)
        case ("DELETE", "_requests"): log.removeAll()
        case ("GET", "_watches"): return .array(openWatches().map(\.json))
        case ("GET", "_faults"): break
        case ("DELETE", "_faults"): faults = FaultSet()
        case ("PUT", "_faults"): refusal = try setFaults(try json(request))
        case ("PUT", _) where segments.count == 2 && segments[0] == "_admin":
            try administer(segments[1], try json(request))
            return ["resourceVersion": .string(String(store.version))]
        default: throw ControlError("\(request.method) \(request.target) is nothing of ours")
        }
        return ["rules": faults.description]
    }

    private func setFaults(_ json: JSONValue) throws(ControlError) -> Duration? {
        let command = try FaultCommand(json)
        if !command.rules.isEmpty { faults = FaultSet(command.rules) }
        for fault in command.immediate {
            for watch in openWatches(fault.names) {
                watch.perform(fault.effect)
                switch fault.effect {
                case .error, .end, .cut: forget(watch)
                case .stall, .drop, .drip: break
                }
            }
        }
        return command.refuse
    }

    private func administer(_ command: String, _ json: JSONValue) throws(ControlError) {
        let name = json["name"]?.string ?? ""
        switch command {
        case "access": access.set(try AccessTable.accounts(json))
        case "rotate":
            let (account, token) = (json["account"]?.string ?? "", json["token"]?.string ?? "")
            if token.isEmpty { throw ControlError("\"token\" is missing") }
            if !access.rotate(account, to: token) { throw ControlError("there is no account \"\(account)\"") }
        case "bump":
            guard let version = json["to"]?.int ?? json["by"]?.int.map({ store.version + $0 }) else {
                throw ControlError("\"by\" or \"to\" must be a number")
            }
            store.advance(to: version)
        case "compact": store.compact()
        case "forget": store.forgetHistory()
        case "snapshot": snapshots[name] = store
        case "restore":
            guard var snapshot = snapshots[name] else { throw ControlError("there is no snapshot \"\(name)\"") }
            // Who restores etcd starts the server anew.
            snapshot.forgetHistory()
            store = snapshot
        default: throw ControlError("there is no command \"\(command)\"")
        }
    }

    private func json(_ request: APIRequest) throws(ControlError) -> JSONValue {
        if request.body.isEmpty { return .object(JSONObject()) }
        do {
            return try JSONReader.parse(request.body, options: .init(allowsComments: true))
        } catch {
            throw ControlError("not JSON: \(error)")
        }
    }
}
