import Glibc
import Shared
import TestSupport
import Testing

/// `manager --check` where contracts come through the Kubernetes API: what it says, what it refuses, and that it sends
/// nothing.
@Suite(.timeLimit(.minutes(2))) struct KubernetesCheckTests {
    private func check(
        _ directory: TemporaryDirectory,
        _ variables: [String]
    ) throws -> (exit: TestChildProcess.Exit, rows: [String: String], output: String) {
        let common = ["STATE_DIR=\(directory.path)/state", "HEALTH_PORT=0", "NAMESPACE=pact"]
        let manager = try BuiltProducts.path("manager")
        let process = try TestChildProcess(manager, ["--check"], environment: common + variables)
        let (exit, output) = try process.wait(within: .seconds(20))
        // MARK SUBJECT TEXT
        let lines = output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        var rows: [String: String] = [:]
        for line in lines where line.count == 2 {
            let rest = line[1].drop { $0 == " " }.split(separator: " ", maxSplits: 1)
            guard rest.count == 2 else { continue }
            rows[String(rest[0])] = "\(line[0]) \(rest[1].drop { $0 == " " })"
        }
        return (exit, rows, output)
    }

    private func prepared() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try directory.write("token", "hidden-token\n")
        try directory.write("ca.crt", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
        try directory.write("contracts/a.json", "{}")
        return directory
    }

    @Test func namesWhatWouldBeAskedAndSendsNothing() throws {
        let directory = try prepared()
        let server = try StubHTTPServer { _ in .response(500) }
        defer { server.stop() }
        let files = ["KUBERNETES_TOKEN_FILE=\(directory.path)/token", "KUBERNETES_CA_FILE=\(directory.path)/ca.crt"]
        let contracts = "CONFIGMAP_PATH=\(directory.path)/contracts"
        let result = try check(
            directory,
            files + [contracts, "KUBERNETES_API_URL=\(server.url)", "CONFIGMAP_NAME=pact-contracts,more"]
        )
        #expect(result.exit == .code(0), "\(result.output)")
        let names = "ConfigMaps pact/pact-contracts, pact/more; not tried: `watcher --once` asks it"
        #expect(result.rows["KUBERNETES_API_URL"] == "ok \(server.url), \(names)")
        #expect(result.rows["KUBERNETES_TOKEN_FILE"] == "ok \(directory.path)/token")
        #expect(result.rows["KUBERNETES_CA_FILE"] == "ok \(directory.path)/ca.crt")
        let stand = "ok \(directory.path)/contracts, 1 file that ends in .json; used while the API cannot be"
        #expect(result.rows["CONFIGMAP_PATH"] == stand)
        #expect(!result.output.contains("hidden-token"))
        // Connections are taken in their order: ours is the first.
        #expect(try TestHTTPClient(server.url).get("/ours").status == 500)
        #expect(server.connections == 1 && server.requests.map(\.path) == ["/ours"])
    }

    @Test func inAClusterTheAddressIsTheClusters() throws {
        let directory = try prepared()
        let files = ["KUBERNETES_TOKEN_FILE=\(directory.path)/token", "KUBERNETES_CA_FILE=\(directory.path)/ca.crt"]
        let cluster = ["KUBERNETES_SERVICE_HOST=fd00::1", "KUBERNETES_SERVICE_PORT=6443"]
        let result = try check(directory, files + cluster + ["CONFIGMAP_PATH=\(directory.path)/none"])
        #expect(result.exit == .code(0), "\(result.output)")
        let address =
            "ok https://[fd00::1]:6443 (of this cluster), ConfigMap pact/pact-contracts; not tried: `watcher --once` asks it"
        #expect(result.rows["KUBERNETES_API_URL"] == address)
        // With the API nobody waits for a directory.
        let none = "ok \(directory.path)/none holds nothing to read; it would be used while the API cannot be"
        #expect(result.rows["CONFIGMAP_PATH"] == none)
    }

    @Test func aProxyOverHTTPNeedsNoFiles() throws {
        let directory = try prepared()
        let result = try check(directory, ["KUBERNETES_API_URL=http://127.0.0.1:8001"])
        #expect(result.exit == .code(0), "\(result.output)")
        #expect(result.rows["KUBERNETES_TOKEN_FILE"]?.hasPrefix("ok not set: no token is sent") == true)
        #expect(result.rows["KUBERNETES_CA_FILE"] == "ok not set: over http there is no certificate to check")
    }

    @Test func anEmptyTokenAndAMissingServiceAccountAreRefused() throws {
        let directory = try prepared()
        try directory.write("token", " \n")
        let url = "KUBERNETES_API_URL=http://127.0.0.1:8001"
        let empty = try check(directory, [url, "KUBERNETES_TOKEN_FILE=\(directory.path)/token"])
        #expect(empty.exit == .code(ExitCode.badConfiguration.rawValue))
        #expect(empty.rows["KUBERNETES_TOKEN_FILE"]?.hasPrefix("FAIL \(directory.path)/token holds no token;") == true)

        guard access(KubernetesSettings.serviceAccount, F_OK) != 0 else {
            print("skipped: this machine is a pod with a service account")
            return
        }
        let cluster = ["KUBERNETES_SERVICE_HOST=10.0.0.1", "CONTRACT_SOURCE=kubernetes"]
        let none = try check(directory, cluster)
        #expect(none.exit == .code(ExitCode.badConfiguration.rawValue))
        for (subject, file) in [("KUBERNETES_TOKEN_FILE", "token"), ("KUBERNETES_CA_FILE", "ca.crt")] {
            let row = none.rows[subject] ?? "none"
            #expect(row.hasPrefix("FAIL \(KubernetesSettings.serviceAccount)/\(file) cannot be read ("), "\(row)")
            #expect(row.contains("automountServiceAccountToken"))
        }
        // `auto` in a pod without one is the directory alone, which is no fault.
        let auto = try check(directory, ["KUBERNETES_SERVICE_HOST=10.0.0.1"])
        #expect(auto.rows["KUBERNETES_API_URL"] == nil && auto.rows["CONFIGMAP_PATH"]?.hasPrefix("warn ") == true)
    }

    @Test func authoritiesThatAreNoneAreRefused() throws {
        let directory = try prepared()
        try directory.write("ca.crt", "nothing\n")
        let files = ["KUBERNETES_TOKEN_FILE=\(directory.path)/token", "KUBERNETES_CA_FILE=\(directory.path)/ca.crt"]
        let result = try check(directory, files + ["KUBERNETES_API_URL=https://127.0.0.1:1"])
        #expect(result.exit == .code(ExitCode.badConfiguration.rawValue))
        #expect(result.output.contains("KUBERNETES_CA_FILE") && result.output.contains("holds no certificate"))
    }
}
