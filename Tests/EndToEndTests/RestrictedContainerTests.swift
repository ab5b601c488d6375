import Glibc
import Shared
import TestSupport
import Testing

/// A pod as Pod Security "restricted" makes it: no root, a read-only root file system, one writable volume that the
/// kubelet left root:root 0777.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RestrictedContainerTests {
    /// Why this cannot be tried here; `nil` if it can.
    static let obstacle: String? = {
        if let obstacle = OtherUser.obstacle { return obstacle }
        guard let probe = try? TestChildProcess("/usr/bin/unshare", ["-m", "/bin/true"], environment: []),
            (try? probe.wait(within: .seconds(30)))?.exit == .code(0)
        else { return "mount namespaces are not allowed, or /usr/bin/unshare (util-linux) is not installed" }
        return nil
    }()

    /// Runs a manager in a mount namespace whose root is read-only but for the given directories.
    func manager(
        _ variables: [String: String],
        stateDirectory: String,
        writable: [String]
    ) throws -> ManagerProcess {
        let mounts = writable.map { "mount -t tmpfs -o mode=0777 tmpfs \($0)" }.joined(separator: " && ")
        let script = "\(mounts.isEmpty ? "true" : mounts) && mount -o remount,bind,ro / && exec \"$@\""
        return try ManagerProcess(
            variables: variables,
            stateDirectory: stateDirectory,
            wrapper: ["/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
                + OtherUser.wrapper,
            // Its state lies in its own mount namespace.
            stateIsVisible: false
        )
    }

    @Test func runsWithoutRootOnAReadOnlyRoot() throws {
        if let obstacle = Self.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o755)
        for name in ["aws-secrets-manager.json", "azure-key-vault.json", "gcp-secret-manager.json"] {
            try directory.write("contracts/\(name)", try RepositoryFile.bytes("deploy/examples/contracts/\(name)"))
        }
        mkdir(directory.path + "/state", 0o755)
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        let manager = try manager(
            ["BROKER_URL": broker.url, "CONFIGMAP_PATH": directory.path + "/contracts"],
            stateDirectory: directory.path + "/state",
            writable: [directory.path + "/state"]
        )
        #expect(manager.stateDirectory == directory.path + "/state/65534")
        let provider = try TestHTTPClient("http://127.0.0.1:\(manager.port)", timeout: .seconds(30))
        let answer = try provider.get("/providers/GCP-Secret-Manager/ready?wait=20s")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(manager.get("/readiness").code == 200)
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    @Test func saysWhatToAddWhenNothingIsWritable() throws {
        if let obstacle = Self.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o755)
        mkdir(directory.path + "/state", 0o755)
        let manager = try manager([:], stateDirectory: directory.path + "/state", writable: [])
        try manager.log.waitForLine(containing: "emptyDir: {}", within: .seconds(10))
        // Nobody dies of it: liveness is true, readiness says why it is not.
        try manager.wait(for: "/liveness") { manager.get("/liveness").code == 200 }
        try manager.wait(for: "the reason") {
            let (code, body) = manager.get("/readiness")
            return code == 503 && body.contains("state_not_writable")
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }
}
