import Glibc
import TestSupport

/// The built gate in front of a command.
enum GateProcess {
    static let provider = "GCP-Secret-Manager"
    /// Says what the command finds; what follows the name in the environment is none of the test's business.
    static let report = ["/bin/sh", "-c", #"echo "READY=$PACT_CONTRACT_READY"; env | grep ^PACT_CONTRACT | sort"#]

    static func start(
        _ arguments: [String],
        command: [String] = [],
        environment: [String] = [],
        wrapper: [String] = []
    ) throws -> TestChildProcess {
        let words =
            wrapper + [try BuiltProducts.path("wait-for-contract")] + arguments
            + (command.isEmpty ? [] : ["--"] + command)
        let variables = ["PATH=/usr/local/bin:/usr/bin:/bin"] + environment
        return try TestChildProcess(words[0], Array(words.dropFirst()), environment: variables)
    }

    /// Reads lines until one contains `text`.
    static func line(_ gate: TestChildProcess, containing text: String) throws -> String {
        while let line = try gate.readLine(within: .seconds(30)) {
            if line.contains(text) { return line }
        }
        let output = try gate.wait(within: .seconds(5)).output
        throw TestSupportError.childFailed(path: gate.path, waitingFor: text, output: output)
    }
}

/// A broker, a directory for contracts that is empty at first, and a manager between them.
struct GateStage {
    let directory: TemporaryDirectory
    let broker: LocalBrokerProcess

    init() throws {
        directory = try TemporaryDirectory()
        broker = try LocalBrokerProcess(username: "pact", password: "pact")
        guard mkdir(directory.path + "/contracts", 0o755) == 0 else {
            throw TestSupportError.socketFailed(call: "mkdir", number: errno)
        }
    }

    func manager(port: UInt16 = 0) throws -> ManagerProcess {
        try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "CONFIGMAP_PATH": directory.path + "/contracts", "GIT_BRANCH": "main",
                "GIT_COMMIT": "abc", "CHECK_INTERVAL_SECS": "1", "HEALTH_HOST": "127.0.0.1", "HEALTH_PORT": "\(port)",
            ],
            stateDirectory: directory.path + "/state"
        )
    }

    func addContract(_ file: String = "gcp-secret-manager") throws {
        try directory.write(
            "contracts/\(file).json",
            try RepositoryFile.bytes("deploy/examples/contracts/\(file).json")
        )
    }
}
