import Shared

/// The publisher and the health server, each alone.
extension ExitCodeRow {
    static let publisher: [ExitCodeRow] = [
        ExitCodeRow(
            program: "publisher",
            arguments: ["--doctor", "--timeout", "3s"],
            code: .usage,
            says: ["all options but --doctor and --json need --once"]
        ),
        ExitCodeRow(
            program: "publisher",
            arguments: ["--once", "--contracts", "{good}"],
            situation: .broker,
            code: .success,
            says: ["orders", "main-abc", "published"]
        ),
        ExitCodeRow(
            program: "publisher",
            arguments: ["--once", "--contracts", "{bad}"],
            situation: .broker,
            code: .failure,
            says: ["bad.json", "orders"]
        ),
        ExitCodeRow(
            program: "publisher",
            arguments: ["--once", "--contracts", "{good}", "--timeout", "300ms"],
            code: .brokerUnavailable,
            says: ["broker.status=refused"]
        ),
        ExitCodeRow(program: "publisher", arguments: ["--once"], code: .usage, says: ["--contracts"]),
        // Not its port.
        ExitCodeRow(
            program: "publisher",
            arguments: ["--once", "--dry-run", "--contracts", "{good}"],
            environment: ["HEALTH_PORT": "many"],
            code: .success,
            says: ["orders"]
        ),
        // Going around the proxy would show the credentials where they must not be seen.
        ExitCodeRow(
            program: "publisher",
            arguments: ["--once", "--contracts", "{good}"],
            environment: ["HTTP_PROXY": "ftp://proxy:1"],
            situation: .broker,
            code: .badConfiguration,
            says: ["setting=HTTP_PROXY", "ftp://proxy:1"]
        ),
        ExitCodeRow(program: "publisher", arguments: ["--dry-run"], code: .usage, says: ["--once"]),
        ExitCodeRow(
            program: "publisher",
            arguments: ["--once", "--contracts", "{directory}/absent"],
            code: .usage,
            says: ["{directory}/absent"]
        ),
        ExitCodeRow(
            program: "publisher",
            arguments: ["--once", "--dry-run", "--contracts", "{good}"],
            situation: .fullOutput,
            code: .systemFailure,
            says: ["standard output: No space left"]
        ),
        ExitCodeRow(
            program: "publisher",
            situation: .owned(.publication, by: "publisher"),
            code: .alreadyOwned,
            says: ["section broker", "pid {pid}"]
        ),
        ExitCodeRow(
            program: "publisher",
            environment: ["BROKER_URL": "ftp://broker"],
            code: .badConfiguration,
            says: ["BROKER_URL"]
        ),
        ExitCodeRow(
            program: "publisher",
            situation: .linkedState,
            code: .badConfiguration,
            says: ["it is a symlink", "STATE_DIR"]
        ),
    ]

    static let healthServer: [ExitCodeRow] = [
        ExitCodeRow(
            program: "health-server",
            environment: ["HEALTH_PORT": "{port}"],
            situation: .portTaken,
            code: .systemFailure,
            says: ["HEALTH_PORT", "port {port} is taken"]
        )
    ]
}
