import Shared
import TestSupport
import Testing

/// A server that is brought into the situation of a recording: the same objects at the same versions.
struct TranscriptSituation {
    static let name = "pact-contracts"
    static let collection = "/api/v1/namespaces/pact/configmaps"
    /// What the recordings' requests read, but for the administrator's and the tables'.
    static let managerToken = "manager-token"
    static let nobodyToken = "nobody-token"

    let server: LocalKubernetesProcess

    init(_ arguments: [String]) throws {
        server = try LocalKubernetesProcess(arguments: arguments + ["--too-large-delay", "0.05"])
        let verbs = ["get", "list", "watch"]
        let rule = LocalKubernetesProcess.Rule(verbs, names: [Self.name])
        try server.access("pact/pact-mocks-manager", tokens: [Self.managerToken], rules: [rule])
        try server.access("pact/nobody", tokens: [Self.nobodyToken], rules: [])
    }

    // MARK: changes

    /// The version of the server becomes this one.
    func advance(to version: Int) throws {
        #expect(try server.administrator.put("/_admin/bump", #"{"to":\#(version)}"#).status == 200)
    }

    /// - Parameter rest: The members after the metadata.
    func create(
        _ version: Int,
        _ rest: String = #""data":{"k":"v3"}"#,
        name: String = Self.name,
        manager: String = "kubectl-create"
    ) throws {
        let body = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\#(name)"},\#(rest)}"#
        try write(version, "POST", "\(Self.collection)?fieldManager=\(manager)", body)
    }

    func patch(_ version: Int, _ body: String, manager: String = "kubectl-patch") throws {
        try write(version, "PATCH", "\(Self.collection)/\(Self.name)?fieldManager=\(manager)", body)
    }

    func label(_ version: Int) throws {
        try patch(version, #"{"metadata":{"labels":{"a":"b"}}}"#, manager: "kubectl-label")
    }

    func delete(_ version: Int) throws {
        try write(version, "DELETE", "\(Self.collection)/\(Self.name)", "")
    }

    /// Makes a change that gets this version.
    private func write(_ version: Int, _ method: String, _ path: String, _ body: String) throws {
        try advance(to: version - 1)
        let type = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        let headers = [(name: "Content-Type", value: type)]
        let answer = try server.administrator.send(method, path, headers: headers, body: Array(body.utf8))
        #expect(answer.status / 100 == 2, "\(answer.text)")
        if method == "DELETE" { return }
        let found = try JSONReader.parse(answer.body)["metadata"]?["resourceVersion"]?.string
        #expect(found == String(version))
    }

    // MARK: requests

    /// Sends a request as curl did.
    ///
    /// - Parameters:
    ///   - token: `nil` for no `Authorization` header.
    ///   - during: What happens once the watch is open.
    func send(
        _ method: String,
        _ target: String,
        token: String?,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        during: ((TranscriptSituation) throws -> Void)? = nil
    ) throws -> TestHTTPResponse {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/7.88.1\r\nConnection: close\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for header in headers { head += "\(header.name): \(header.value)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.count)\r\n" }
        let deadline = MonotonicTime.now() + .seconds(20)
        let socket = try TestSocket(host: "127.0.0.1", port: server.port, deadline: deadline)
        try socket.write(Array("\(head)\r\n".utf8) + body, deadline: deadline)
        if let during {
            try server.waitForWatches { !$0.isEmpty }
            try during(self)
        }
        var reader = TestHTTPResponseReader()
        while true {
            if let answer = try reader.feed(try socket.read(deadline: deadline)) { return answer }
        }
    }
}
