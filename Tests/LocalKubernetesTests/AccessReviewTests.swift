import Shared
import TestSupport
import Testing

/// SelfSubjectAccessReview: the answers agree with the recording and with what the same account is then let do.
@Suite("SelfSubjectAccessReview", .timeLimit(.minutes(1)))
struct AccessReviewTests {
    private static let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    private static let configMaps = "/api/v1/namespaces/pact/configmaps"

    private func client(_ server: LocalKubernetesProcess, _ token: String?) throws -> TestHTTPClient {
        try TestHTTPClient(server.url, headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [])
    }

    private func review(_ verb: String, _ name: String = "pact-contracts", resource: String = "configmaps") -> String {
        #"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":"#
            + #"{"namespace":"pact","verb":"\#(verb)","resource":"\#(resource)","name":"\#(name)"}}}"#
    }

    private func status(_ answer: TestHTTPResponse) throws -> JSONValue? {
        try JSONReader.parse(Array(answer.text.utf8))["status"]
    }

    @Test("both answers are the recorded ones (05)")
    func recorded() throws {
        let server = try LocalKubernetesProcess()
        let recorded = try RepositoryFile.text("Tests/Fixtures/kubernetes/05-rbac-matrix.txt")
            .split(separator: "\n").filter { $0.hasPrefix(#"{"allowed":"#) }
        try #require(recorded.count == 2)
        let account = "pact/pact-mocks-manager"
        try server.access(account, tokens: ["t"], rules: [.init(["get", "watch"], names: ["pact-contracts"])])
        let client = try client(server, "t")
        let denied = try client.post(Self.path, review("list"))
        let allowed = try client.post(Self.path, review("watch"))
        #expect(denied.status == 201 && allowed.status == 201)
        #expect(try status(denied) == JSONReader.parse(Array(recorded[0].utf8)))
        #expect(try status(allowed) == JSONReader.parse(Array(recorded[1].utf8)))
        let object = try JSONReader.parse(Array(allowed.text.utf8))
        #expect(object["kind"]?.string == "SelfSubjectAccessReview" && object["spec"] != nil)
    }

    @Test("it says what the same account is then let do")
    func agreesWithTheRules() throws {
        let server = try LocalKubernetesProcess()
        try server.put(configMap: "pact-contracts", data: ["a.json": "{}"])
        let roles: [[LocalKubernetesProcess.Rule]] = [
            [], [.init(["get"], names: ["pact-contracts"])], [.init(["list"], names: ["pact-contracts"])],
            [.init(["get", "list", "watch"])], [.init(["*"], names: ["other"])],
        ]
        let selector = "fieldSelector=metadata.name%3Dpact-contracts"
        let requests = [
            "get": "\(Self.configMaps)/pact-contracts", "list": "\(Self.configMaps)?\(selector)",
            "watch": "\(Self.configMaps)?watch=1&\(selector)&timeoutSeconds=1",
        ]
        var compared = 0
        for rules in roles {
            try server.access("pact/a", tokens: ["t"], rules: rules)
            let client = try client(server, "t")
            for (verb, request) in requests {
                let isAllowed = try status(client.post(Self.path, review(verb)))?["allowed"]?.bool
                let isDone = try client.get(request).status == 200
                #expect(isAllowed == isDone, "\(verb) with \(rules)")
                compared += 1
            }
            #expect(try status(client.post(Self.path, review("get", resource: "secrets")))?["allowed"]?.bool == false)
        }
        #expect(compared == 15)
    }

    @Test("nobody and unknown tokens may not ask; the administrator may do everything")
    func strangers() throws {
        let server = try LocalKubernetesProcess()
        #expect(try client(server, nil).post(Self.path, review("get")).status == 403)
        #expect(try client(server, "unknown").post(Self.path, review("get")).status == 401)
        #expect(try server.administrator.post(Self.path, "{}").status == 400)
        #expect(try server.administrator.get(Self.path).status == 405)
        let answer = try server.administrator.post(Self.path, review("delete", resource: "secrets"))
        #expect(try status(answer) == ["allowed": true])
    }
}
