internal import Glibc
package import Shared

/// The real `local-kubernetes` as a child process: started on a free port, stopped with this object.
///
/// No server outlives the test run: it also stops when its standard input, a pipe from here, closes.
package final class LocalKubernetesProcess: Sendable {
    /// What a service account may do with ConfigMaps.
    package struct Rule: Sendable {
        package var verbs: [String]
        /// Empty for all names.
        package var names: [String]

        package init(_ verbs: [String], names: [String] = []) {
            self.verbs = verbs
            self.names = names
        }
    }

    /// For example `http://127.0.0.1:41234`.
    package let url: String
    /// Sends the administrator's token, which may do everything.
    package let administrator: TestHTTPClient

    private let process: TestChildProcess

    /// Starts the server and waits until it listens.
    ///
    /// - Parameters:
    ///   - arguments: Further options, for example `["--state", path]` or `["--without", "watch-list"]`.
    ///   - port: 0 takes a free one; a number brings a stopped server back at its old address.
    ///   - host: `127.0.0.1` or `::1`.
    /// - Throws: ``TestSupportError`` `missingProduct`, `spawnFailed`, or `childFailed` with what it said.
    package init(
        arguments: [String] = [],
        port: UInt16 = 0,
        host: String = "127.0.0.1",
        within limit: Duration = .seconds(20)
    ) throws {
        let token = "administrator-token"
        let all = ["--port", String(port), "--host", host, "--admin-token", token, "--until-stdin-closes", "--quiet"]
        process = try TestChildProcess(try BuiltProducts.path("local-kubernetes"), all + arguments)
        let prefix = "listening on "
        guard let line = try process.readLine(within: limit), line.hasPrefix(prefix) else {
            let output = try? process.wait(within: .seconds(1)).output
            let waitingFor = "line `\(prefix)URL`"
            throw TestSupportError.childFailed(path: process.path, waitingFor: waitingFor, output: output ?? "")
        }
        url = String(line.dropFirst(prefix.count))
        administrator = try TestHTTPClient(url, headers: [("Authorization", "Bearer \(token)")])
    }

    /// The port of ``url``.
    package var port: UInt16 { url.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }

    /// The child's process id; valid until it has been stopped.
    package var processID: Int32 { process.processID }

    // MARK: objects

    /// Creates the ConfigMap, or replaces its data.
    ///
    /// - Parameters:
    ///   - binaryData: Decoded; sent in base64.
    ///   - more: Further members of the object, for example `["immutable": true]`.
    /// - Returns: Its `resourceVersion`.
    @discardableResult
    package func put(
        configMap name: String,
        namespace: String = "pact",
        data: [String: String] = [:],
        binaryData: [String: [UInt8]] = [:],
        labels: [String: String] = [:],
        more: [String: JSONValue] = [:]
    ) throws -> String {
        var object = JSONObject()
        object["apiVersion"] = "v1"
        object["kind"] = "ConfigMap"
        object["metadata"] = ["name": .string(name), "labels": Self.json(labels.mapValues { .string($0) })]
        object["data"] = Self.json(data.mapValues { .string($0) })
        object["binaryData"] = Self.json(binaryData.mapValues { .string(Base64.encodeToString($0)) })
        for (key, value) in more { object[key] = value }
        let body = JSONWriter.compact(.object(object))
        let collection = Self.path(namespace)
        var answer = try administrator.send("PUT", "\(collection)/\(name)", body: body)
        if answer.status == 404 { answer = try administrator.send("POST", collection, body: body) }
        return try Self.version(answer)
    }

    /// Changes the ConfigMap with a merge patch, for example `{"metadata": {"labels": {"a": "b"}}}`.
    ///
    /// - Returns: Its `resourceVersion`, that of the deletion if the patch took its last finalizer away.
    @discardableResult
    package func patch(configMap name: String, namespace: String = "pact", _ json: String) throws -> String {
        let type = [(name: "Content-Type", value: "application/merge-patch+json")]
        let path = "\(Self.path(namespace))/\(name)"
        return try Self.version(try administrator.send("PATCH", path, headers: type, body: Array(json.utf8)))
    }

    /// Deletes the ConfigMap; one that does not exist is an error.
    package func delete(configMap name: String, namespace: String = "pact") throws {
        let answer = try administrator.delete("\(Self.path(namespace))/\(name)")
        guard answer.status == 200 else { throw TestSupportError.malformedResponse(answer.text) }
    }

    private static func path(_ namespace: String) -> String { "/api/v1/namespaces/\(namespace)/configmaps" }

    private static func json(_ members: [String: JSONValue]) -> JSONValue {
        .object(JSONObject(members.map { JSONObject.Member(key: $0.key, value: $0.value) }))
    }

    private static func version(_ answer: TestHTTPResponse) throws -> String {
        guard answer.status / 100 == 2,
            let version = try JSONReader.parse(answer.body)["metadata"]?["resourceVersion"]?.string
        else { throw TestSupportError.malformedResponse(answer.text) }
        return version
    }

    // MARK: access

    /// Creates a service account, or replaces its tokens and rules.
    ///
    /// - Parameter account: `NAMESPACE/NAME`.
    package func access(_ account: String, tokens: [String], rules: [Rule]) throws {
        let entry: JSONValue = [
            "account": .string(account), "tokens": .array(tokens.map { .string($0) }),
            "rules": .array(
                rules.map { rule in
                    [
                        "verbs": .array(rule.verbs.map { .string($0) }),
                        "names": .array(rule.names.map { .string($0) }),
                    ]
                }
            ),
        ]
        try administer("access", entry)
    }

    /// The account's tokens become invalid, this one valid.
    package func rotate(_ account: String, to token: String) throws {
        try administer("rotate", ["account": .string(account), "token": .string(token)])
    }

    // MARK: faults

    /// Sets faults; `json` as `local-kubernetes --help` describes it.
    package func fault(_ json: String) throws {
        let answer = try administrator.put("/_faults", json)
        guard answer.status == 200 else { throw TestSupportError.malformedResponse(answer.text) }
    }

    /// Removes all faults; what they have done to open watches stays.
    package func clearFaults() throws { _ = try administrator.delete("/_faults") }

    /// Other objects change: the version of the server grows, no ConfigMap has an event.
    package func bump(by count: Int = 1) throws { try administer("bump", ["by": .int(count)]) }

    /// Every version but the present one is 410 for a watch from now on.
    package func forgetHistory() throws { try administer("forget", []) }

    /// Makes a backup, for ``restore(_:)``.
    package func snapshot(_ name: String = "") throws { try administer("snapshot", ["name": .string(name)]) }

    /// Sets the server's version and all objects back to a backup, as an etcd restore does.
    package func restore(_ name: String = "") throws { try administer("restore", ["name": .string(name)]) }

    package func administer(_ command: String, _ json: JSONValue) throws {
        let answer = try administrator.send("PUT", "/_admin/\(command)", body: JSONWriter.compact(json))
        guard answer.status == 200 else { throw TestSupportError.malformedResponse(answer.text) }
    }

    // MARK: logs

    /// The request log, oldest first, without requests to paths of the server's own.
    ///
    /// - Parameter id: Only requests with a greater `id`.
    package func requests(since id: Int = 0) throws -> [JSONValue] { try list("/_requests?since=\(id)") }

    /// The open watches, the oldest first.
    package func watches() throws -> [JSONValue] { try list("/_watches") }

    /// Waits until the open watches are as they should be.
    ///
    /// - Throws: ``TestSupportError/timedOut(waitingFor:received:)``.
    @discardableResult
    package func waitForWatches(
        within limit: Duration = .seconds(10),
        _ condition: ([JSONValue]) -> Bool
    ) throws -> [JSONValue] {
        try wait(for: "/_watches?", within: limit, condition)
    }

    /// Waits until the request log is as it should be.
    ///
    /// - Throws: ``TestSupportError/timedOut(waitingFor:received:)``.
    @discardableResult
    package func waitForRequests(
        since id: Int = 0,
        within limit: Duration = .seconds(10),
        _ condition: ([JSONValue]) -> Bool
    ) throws -> [JSONValue] {
        try wait(for: "/_requests?since=\(id)&", within: limit, condition)
    }

    private func wait(
        for path: String,
        within limit: Duration,
        _ condition: ([JSONValue]) -> Bool
    ) throws -> [JSONValue] {
        let deadline = MonotonicTime.now() + limit
        var entries = try list(path)
        while !condition(entries) {
            if MonotonicTime.now() > deadline {
                throw TestSupportError.timedOut(waitingFor: path, received: entries.count)
            }
            // What happens between two answers is seen with the next one, so it must not be far.
            entries = try list("\(path)wait_ms=50")
        }
        return entries
    }

    private func list(_ path: String) throws -> [JSONValue] {
        try JSONReader.parse(try administrator.get(path).body).array ?? []
    }

    // MARK: process

    /// Stops it with SIGTERM, which ends the watches cleanly, and waits for the end. Also when it has already ended.
    @discardableResult
    package func stop() -> TestChildProcess.Exit { process.end(with: SIGTERM, within: .seconds(10)) }

    /// A server that dies, with SIGKILL.
    package func kill() { process.end(with: SIGKILL, within: .seconds(10)) }

    /// A server that hangs, or a network that swallows everything, with SIGSTOP. Returns once it has stopped.
    package func pause() {
        process.signal(SIGSTOP)
        var change = siginfo_t()
        // Does not take the news from whoever waits for the end.
        while waitid(P_PID, id_t(processID), &change, WSTOPPED | WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }

    /// The end of ``pause()``.
    package func resume() { process.signal(SIGCONT) }
}
