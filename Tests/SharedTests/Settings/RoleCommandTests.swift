import Glibc
import Shared
import TestSupport
import Testing

/// The commands that a message gives people to copy, run by a real kubectl, which changes nothing.
@Suite(.timeLimit(.minutes(1))) struct RoleCommandTests {
    /// As much of an API server as `--dry-run=client` asks for.
    private static func discovery(_ request: StubHTTPServer.Request) -> StubHTTPServer.Answer {
        let resource =
            #"{"name":"configmaps","singularName":"configmap","namespaced":true,"kind":"ConfigMap","verbs":["get"]}"#
        let body: String? =
            switch request.path.prefix(while: { $0 != "?" }) {
            case "/api": #"{"kind":"APIVersions","versions":["v1"]}"#
            case "/apis": #"{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"#
            case "/api/v1": #"{"kind":"APIResourceList","groupVersion":"v1","resources":[\#(resource)]}"#
            default: nil
            }
        let headers = [("Content-Type", "application/json")]
        return .response(body == nil ? 404 : 200, headers: headers, body: Array((body ?? "{}").utf8))
    }

    @Test func kubectlMakesTheRoleAndTheBindingOfThem() throws {
        let directories = ["/usr/local/bin", "/usr/bin", "/bin"]
        guard directories.contains(where: { access("\($0)/kubectl", X_OK) == 0 }) else {
            print("skipped: kubectl is not installed")
            return
        }
        let server = try StubHTTPServer(Self.discovery)
        defer { server.stop() }
        let home = try TemporaryDirectory()
        let role = RoleRule(namespace: "pact", names: ["pact-contracts", "123"], serviceAccount: "other/manager")
        // Each of them with the options that keep it from changing anything.
        let options = "--server=\(server.url) --dry-run=client --output=yaml"
        let script = role.commands.split(separator: "&").map { "\($0) \(options)" }.joined(separator: " && ")
        let process = try TestChildProcess(
            "/bin/sh",
            ["-c", script],
            environment: ["HOME=\(home.path)", "PATH=\(directories.joined(separator: ":"))"]
        )
        let (exit, output) = try process.wait(within: .seconds(30))
        #expect(exit == .code(0), "\(output)")
        let words = output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let rule =
            #"rules: - apiGroups: - "" resourceNames: - pact-contracts - "123" resources: - configmaps verbs: - get - watch"#
        #expect(words.contains(rule), "\(output)")
        let binding =
            "kind: Role name: pact-mocks-manager subjects: - kind: ServiceAccount name: manager namespace: other"
        #expect(words.contains(binding), "\(output)")
    }
}
