import Glibc
import Shared
import TestSupport
import Testing

/// `manager doctor` and contracts that are not there, no contracts, or not for us to read.
@Suite(.timeLimit(.minutes(3))) struct DoctorSourceTests {
    private let stage: DoctorStage
    private let broker: LocalBrokerProcess

    init() throws {
        broker = try LocalBrokerProcess()
        stage = try DoctorStage(brokerURL: broker.url)
    }

    // MARK: A directory

    @Test func theMountIsNotThere() throws {
        let report = try stage.expect([.sourceMount], ["CONFIGMAP_PATH": "\(stage.directory.path)/none"])
        #expect(report[.sourceMount].first?.found.contains("/none does not exist") == true)
    }

    @Test func theMountIsEmpty() throws {
        try stage.directory.write("empty/.keep", "")
        try stage.expect([], odd: [.sourceMount], ["CONFIGMAP_PATH": "\(stage.directory.path)/empty"])
    }

    @Test func theMountMayNotBeRead() throws {
        if let obstacle = OtherUser.obstacle { return print("skipped: \(obstacle)") }
        try stage.directory.write("closed/a.json", PublisherOnce.contract)
        chmod("\(stage.directory.path)/closed", 0o700)
        chmod(stage.directory.path, 0o755)
        let all = stage.variables.merging([
            "BROKER_URL": broker.url, "CONFIGMAP_PATH": "\(stage.directory.path)/closed",
            "STATE_DIR": "/tmp/\(getpid())-doctor",
        ]) { $1 }
        let process = try TestChildProcess(
            OtherUser.wrapper[0],
            OtherUser.wrapper.dropFirst() + [try BuiltProducts.path("manager"), "doctor"],
            environment: all.map { "\($0.key)=\($0.value)" }
        )
        let (exit, output) = try process.wait(within: .seconds(60))
        #expect(exit == .code(1) && output.contains("may not be read by uid 65534"), "\(output)")
    }

    @Test func oneFileIsNoContract() throws {
        try stage.directory.write("contracts/broken.json", "{\n  \"consumer\": nothing\n}\n")
        let report = try stage.expect([.sourceContracts], [:])
        let line = try #require(report[.sourceContracts].first)
        #expect(line.found.hasPrefix("broken.json:2:15 is no contract: "), "\(line)")
        #expect(report[.sourceContracts].last?.found == "1 contract can be published")
    }

    @Test func aSubPathMount() throws {
        guard geteuid() == 0, access("/usr/bin/unshare", X_OK) == 0 else {
            print("skipped: needs root and unshare")
            return
        }
        // As the kubelet does it: one file of a generation, bound into the container's own directory.
        let volume = try KubeletVolume("\(stage.directory.path)/volume")
        try volume.publish(["orders.json": PublisherOnce.contract])
        let file = "\(stage.directory.path)/contracts/orders.json"
        let script =
            "mount --bind \"$(readlink -f '\(stage.directory.path)/volume/orders.json')\" '\(file)' && exec \"$@\""
        let all = stage.variables.merging(["BROKER_URL": broker.url]) { $1 }
        let process = try TestChildProcess(
            "/usr/bin/unshare",
            ["-m", "/bin/sh", "-c", script, "sh", try BuiltProducts.path("manager"), "doctor"],
            environment: all.map { "\($0.key)=\($0.value)" }
        )
        let (exit, output) = try process.wait(within: .seconds(60))
        #expect(exit == .code(0) && output.contains("warn  source.subpath"), "\(output)")
        #expect(output.contains("which Kubernetes never updates"), "\(output)")
    }

    @Test func aPodWithoutAServiceAccountReadsTheMount() throws {
        guard access(KubernetesSettings.serviceAccount, F_OK) != 0 else {
            print("skipped: this machine is a pod with a service account")
            return
        }
        let report = try stage.expect([], ["KUBERNETES_SERVICE_HOST": "10.0.0.1"])
        #expect(report[.sourceOrigin].first?.found.contains("no service account") == true, "\(report.output)")
    }

    // MARK: The Kubernetes API

    /// A server with one ConfigMap, and the settings of a pod whose account has these rules.
    private func api(
        _ rules: [LocalKubernetesProcess.Rule],
        token: String = "a-token"
    ) throws -> (server: LocalKubernetesProcess, changes: [String: String]) {
        let server = try LocalKubernetesProcess()
        try server.put(configMap: "pact-contracts", data: ["orders.json": PublisherOnce.contract])
        try server.access("pact/manager", tokens: ["a-token"], rules: rules)
        try stage.directory.write("token", token + "\n")
        return (
            server,
            [
                "KUBERNETES_API_URL": server.url, "KUBERNETES_TOKEN_FILE": "\(stage.directory.path)/token",
                "NAMESPACE": "pact", "CONFIGMAP_NAME": "pact-contracts",
                "CONFIGMAP_PATH": "\(stage.directory.path)/none",
            ]
        )
    }

    private static let enough = [LocalKubernetesProcess.Rule(["get", "watch"], names: ["pact-contracts"])]

    @Test func twoVerbsAreEnough() throws {
        let (server, changes) = try api(Self.enough)
        defer { server.stop() }
        let report = try stage.expect([], changes)
        #expect(report[.sourceWatch].first?.found == "watch pact/pact-contracts: allowed")
        #expect(report[.sourceConfigMap].first?.found == "pact/pact-contracts was read: 1 key")
        #expect(report[.sourceContracts].first?.found == "1 contract can be published")
    }

    @Test func theRightToWatchIsMissing() throws {
        let (server, changes) = try api([.init(["get"], names: ["pact-contracts"])])
        defer { server.stop() }
        let report = try stage.expect([.sourceWatch], changes)
        #expect(report[.sourceWatch].first?.remedy.contains("verbs: [get, watch]") == true, "\(report.output)")
    }

    @Test func thereIsNoRole() throws {
        let (server, changes) = try api([])
        defer { server.stop() }
        let report = try stage.expect(
            [.sourceOrigin, .sourceGet, .sourceWatch, .sourceConfigMap, .sourceMount],
            changes
        )
        #expect(report[.sourceAPI].first?.mark == .good)
        #expect(report[.sourceConfigMap].first?.remedy.contains("ServiceAccount pact/manager") == true)
    }

    @Test func withoutARoleTheMountStandsIn() throws {
        let (server, changes) = try api([])
        defer { server.stop() }
        let mount = ["CONFIGMAP_PATH": "\(stage.directory.path)/contracts"]
        let odd: [DoctorCheck] = [.sourceOrigin, .sourceGet, .sourceWatch, .sourceConfigMap]
        try stage.expect([], odd: odd, changes.merging(mount) { $1 })
    }

    @Test func theTokenHasExpired() throws {
        let payload = Base64.encodeToString(
            Array(#"{"exp":1600000000,"sub":"system:serviceaccount:pact:manager"}"#.utf8)
        )
        let token = "eyJhbGciOiJSUzI1NiJ9.\(payload.replacing("=", with: "")).c2ln"
        let (server, changes) = try api(Self.enough, token: token)
        defer { server.stop() }
        let report = try stage.expect([.sourceOrigin, .sourceToken, .sourceAPI, .sourceMount], changes)
        #expect(
            report[.sourceToken].first?.found.contains("expired at 2020-09-13T12:26:40") == true,
            "\(report.output)"
        )
        #expect(report[.sourceAPI].first?.found.contains("401") == true)
        #expect(report[.sourceAPI].first?.remedy.hasPrefix("Mount a token") == true, "\(report.output)")
        #expect(!report.output.contains(payload))
    }

    @Test func theTokenIsEmpty() throws {
        let (server, changes) = try api(Self.enough, token: "")
        defer { server.stop() }
        let report = try stage.run(changes.merging(["BROKER_URL": broker.url]) { $1 })
        #expect(report[.sourceToken].first?.mark == .wrong && report.exit == .code(1), "\(report.output)")
    }

    @Test func theConfigMapDoesNotExist() throws {
        let (server, changes) = try api([.init(["get", "watch"])])
        defer { server.stop() }
        let report = try stage.expect(
            [.sourceOrigin, .sourceConfigMap, .sourceMount],
            changes.merging(["CONFIGMAP_NAME": "another"]) { $1 }
        )
        #expect(report[.sourceConfigMap].first?.found == "pact/another does not exist")
    }

    @Test func theAPIIsNotThere() throws {
        let (server, changes) = try api(Self.enough)
        server.stop()
        let report = try stage.expect([.sourceOrigin, .sourceAPI, .sourceMount], changes)
        #expect(report[.sourceGet].isEmpty)
    }
}
